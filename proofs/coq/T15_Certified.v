(* What certificates stand on. T15: with both likelihoods known, three bounded functions of the posterior have the divergence, the total
   variation and the squared Hellinger distance as means over the mixture, and half a draw from either arm has the same mean. T19: rates of
   a detector, known only up to bounds, bound the divergence from below. T20: many statements hold together but for the sum of their
   error probabilities. *)
Require Import Reals List Lra Psatz.
From Mari Require Import Sums Divergence T01_Identity T02_Range T03_DataProcessing T04_Metric T05_Accuracy T06_Roc.
Import ListNotations.
Open Scope R_scope.

Section T15.
Context {A : Type} (l : list A) (p q : A -> R).
Hypothesis Hp : law l p.
Hypothesis Hq : law l q.
Definition m15 (x : A) : R := (p x + q x) / 2.
Definition post (x : A) : R := q x / (p x + q x).

Lemma post_mass x : m15 x * post x = q x / 2 /\ m15 x * (1 - post x) = p x / 2.
Proof.
  pose proof (proj1 Hp x); pose proof (proj1 Hq x); unfold m15, post.
  destruct (Req_dec (p x + q x) 0) as [E|E].
  - assert (p x = 0) by lra; assert (q x = 0) by lra; rewrite E, H1, H2; split; lra.
  - split; field; exact E.
Qed.

Theorem T15_divergence : Sum l (fun x => mid (1 / 2) (p x) (q x) * (ln 2 - h (eta (1 / 2) p q x))) = JS l p q.
Proof. unfold JS; rewrite (T1_posterior_form l (1 / 2) p q half_in Hp Hq), h_half; reflexivity. Qed.

Theorem T15_total_variation : Sum l (fun x => m15 x * Rabs (2 * post x - 1)) = TV l p q.
Proof.
  unfold TV; rewrite <- Sum_scal; apply Sum_ext; intros x.
  pose proof (proj1 Hp x); pose proof (proj1 Hq x); destruct (post_mass x) as [E F].
  rewrite <- (Rabs_pos_eq (m15 x)) at 1 by (unfold m15; lra); rewrite <- Rabs_mult.
  replace (m15 x * (2 * post x - 1)) with (- (/ 2 * (p x - q x))) by lra.
  rewrite Rabs_Ropp, Rabs_mult, (Rabs_pos_eq (/ 2)) by lra; reflexivity.
Qed.

Theorem T15_hellinger : Sum l (fun x => m15 x * (1 - 2 * sqrt (post x * (1 - post x)))) = 1 - Sum l (fun x => sqrt (p x * q x)).
Proof.
  transitivity (Sum l (fun x => (/ 2 * p x + / 2 * q x) - sqrt (p x * q x))).
  - apply Sum_ext; intros x; pose proof (proj1 Hp x); pose proof (proj1 Hq x); destruct (post_mass x) as [E F].
    assert (M : 0 <= m15 x) by (unfold m15; lra).
    assert (S : 2 * (m15 x * sqrt (post x * (1 - post x))) = sqrt (p x * q x)).
    { rewrite <- (sqrt_square (m15 x)) at 1 by exact M; rewrite <- sqrt_mult_alt by nra.
      replace (m15 x * m15 x * (post x * (1 - post x))) with (m15 x * post x * (m15 x * (1 - post x))) by ring.
      rewrite E, F; replace (q x / 2 * (p x / 2)) with ((/ 2 * / 2) * (p x * q x)) by field.
      rewrite sqrt_mult_alt, sqrt_square by lra; field. }
    unfold m15 at 1 in S; unfold m15; lra.
  - rewrite Sum_minus, Sum_plus, !Sum_scal, (proj2 Hp), (proj2 Hq); lra.
Qed.

(* One row from each arm, averaged: the same mean, whatever the function. *)
Theorem T15_pairs (y : A -> R) :
  Sum (list_prod l l) (fun s => p (fst s) * q (snd s) * ((y (fst s) + y (snd s)) / 2)) = Sum l (fun x => m15 x * y x).
Proof.
  rewrite Sum_prod; simpl.
  transitivity (Sum l (fun x => / 2 * (p x * y x) + p x * (/ 2 * Sum l (fun z => q z * y z)))).
  - apply Sum_ext; intros x; transitivity (Sum l (fun z => (/ 2 * (p x * y x)) * q z + (/ 2 * p x) * (q z * y z))).
    + apply Sum_ext; intros z; field.
    + rewrite Sum_plus, !Sum_scal, (proj2 Hq); ring.
  - rewrite Sum_plus, Sum_scal, Sum_scal_r, (proj2 Hp).
    transitivity (Sum l (fun x => / 2 * (p x * y x) + / 2 * (q x * y x))); [rewrite Sum_plus, !Sum_scal; ring|].
    apply Sum_ext; intros x; unfold m15; field.
Qed.
End T15.

Section T19.
Context {A : Type} (l : list A) (p q D : A -> R).
Hypothesis Hp : law l p.
Hypothesis Hq : law l q.
Hypothesis HD : forall x, 0 <= D x <= 1.

Lemma bern_apart a b a' b' : 0 <= a <= a' -> a' <= b' -> b' <= b <= 1 -> JS two (bern a') (bern b') <= JS two (bern a) (bern b).
Proof.
  intros Ha Hab Hb; unfold JS, JSD; simpl; fold (G a' b') (G (1 - a') (1 - b')) (G a b) (G (1 - a) (1 - b)).
  rewrite !ell_G by lra.
  pose proof (ell_toward a a' b' ltac:(lra) ltac:(lra) ltac:(left; lra)) as E1.
  pose proof (ell_toward b b' a ltac:(lra) ltac:(lra) ltac:(right; lra)) as E2.
  pose proof (ell_toward (1 - a) (1 - a') (1 - b') ltac:(lra) ltac:(lra) ltac:(right; lra)) as E3.
  pose proof (ell_toward (1 - b) (1 - b') (1 - a) ltac:(lra) ltac:(lra) ltac:(left; lra)) as E4.
  rewrite (ell_sym b' a), (ell_sym b a) in E2; rewrite (ell_sym (1 - b') (1 - a)), (ell_sym (1 - b) (1 - a)) in E4; lra.
Qed.

Theorem T19_from_bounds a b : rate l p D <= a -> a <= b -> b <= rate l q D -> JS two (bern a) (bern b) <= JS l p q.
Proof.
  intros Ha Hab Hb.
  assert (R : forall r, law l r -> 0 <= rate l r D <= 1).
  { intros r [R0 R1]; split; [apply Sum_nonneg; intros x; apply Rmult_le_pos; [apply R0 | apply HD]|].
    rewrite <- R1; apply Sum_le; intros x; pose proof (R0 x); pose proof (HD x); nra. }
  apply Rle_trans with (JS two (bern (rate l p D)) (bern (rate l q D))).
  - apply bern_apart; pose proof (R p Hp); pose proof (R q Hq); lra.
  - apply (T6_roc l p q D Hp Hq HD (1 / 2) half_in).
Qed.

Theorem T19_total_variation a b : rate l p D <= a -> b <= rate l q D -> b - a <= TV l p q.
Proof.
  intros Ha Hb; pose proof (T6_advantage l p q D Hp Hq HD) as T.
  pose proof (Rle_abs (rate l q D - rate l p D)); lra.
Qed.
End T19.

Section T20.
Context {A I : Type} (l : list A) (p : A -> R) (is : list I) (fails : I -> A -> bool).
Definition prob (e : A -> bool) : R := Sum l (fun x => if e x then p x else 0).

Theorem T20_union : law l p -> prob (fun x => existsb (fun i => fails i x) is) <= Sum is (fun i => prob (fails i)).
Proof.
  intros [Hp _]; unfold prob; rewrite Sum_swap; apply Sum_le; intros x; pose proof (Hp x).
  induction is as [|i t IH]; simpl; [lra|].
  assert (0 <= Sum t (fun j => if fails j x then p x else 0)) by (apply Sum_nonneg; intros j; destruct (fails j x); lra).
  destruct (fails i x); simpl; lra.
Qed.
End T20.
