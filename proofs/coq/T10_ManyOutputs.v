(* T10: n independent outputs, each from its own pair: JSD of the products <= sum of the JSDs; n draws of one pair: <= n JSD; so an
   n-output detector's accuracy is at most 1/2 + 1/2 sqrt(2 n JSD). T11: the chain rule for two outputs that may depend on each other. *)
Require Import Reals List Lra Psatz.
From Mari Require Import Sums Divergence T02_Range T05_Accuracy.
Open Scope R_scope.

(* Compensation: half KL(P|R) + half KL(Q|R) = JSD + KL(M|R), at any weight. *)
Section Compensation.
Context {A : Type} (l : list A) (w : R) (p q r : A -> R).
Hypothesis Hw : 0 < w < 1.
Hypothesis Hp : nonneg p.
Hypothesis Hq : nonneg q.
Hypothesis Hr : nonneg r.
Hypothesis Hpr : forall x, r x = 0 -> p x = 0.
Hypothesis Hqr : forall x, r x = 0 -> q x = 0.

Definition mixture (x : A) : R := mid w (p x) (q x).

Lemma kt_split a m c : 0 <= a -> 0 <= m -> 0 <= c -> (m = 0 -> a = 0) -> (c = 0 -> m = 0) ->
  kt a c = kt a m + a * ln (m / c).
Proof.
  intros Ha Hm Hc H1 H2.
  destruct (Req_dec a 0) as [->|N]; [rewrite !kt_0_l; ring|].
  assert (0 < m) by (destruct (Req_dec m 0) as [E|]; [specialize (H1 E); lra | lra]).
  assert (0 < c) by (destruct (Req_dec c 0) as [E|]; [specialize (H2 E); lra | lra]).
  rewrite !kt_pos, ln_div by lra; ring.
Qed.

Theorem compensation : (1 - w) * KL l p r + w * KL l q r = JSD w l p q + KL l mixture r.
Proof.
  unfold KL, JSD; rewrite <- !Sum_scal, <- !Sum_plus; apply Sum_ext; intros x.
  pose proof (Hp x); pose proof (Hq x); pose proof (Hr x).
  assert (Hm : 0 <= mixture x) by (apply mid_nonneg; auto).
  assert (Z : r x = 0 -> mixture x = 0) by (intros E; unfold mixture, mid; rewrite (Hpr x E), (Hqr x E); ring).
  rewrite (kt_split (p x) (mixture x) (r x)); auto; [|apply (mid_zero_l w Hw); auto].
  rewrite (kt_split (q x) (mixture x) (r x)); auto; [|apply (mid_zero_r w Hw); auto].
  change (kt (mixture x) (r x)) with (mixture x * ln (mixture x / r x)); unfold g; fold (mixture x).
  set (L := ln (mixture x / r x)).
  replace (mixture x * L) with (((1 - w) * p x + w * q x) * L) by reflexivity; ring.
Qed.
End Compensation.

Definition prod_law {A B} (p : A -> R) (p' : B -> R) (s : A * B) : R := p (fst s) * p' (snd s).

Section Product.
Context {A B : Type} (l : list A) (k : list B) (p q : A -> R) (p' q' : B -> R) (w : R).
Hypothesis Hw : 0 < w < 1.
Hypothesis Hp : law l p.
Hypothesis Hq : law l q.
Hypothesis Hp' : law k p'.
Hypothesis Hq' : law k q'.

Lemma prod_law_law : law (list_prod l k) (prod_law p p').
Proof.
  split; [intros s; apply Rmult_le_pos; [apply Hp | apply Hp']|].
  rewrite Sum_prod; unfold prod_law; simpl.
  rewrite (Sum_ext l _ p) by (intros x; rewrite Sum_scal, (proj2 Hp'); ring); apply Hp.
Qed.

Lemma KL_prod (r : A -> R) (r' : B -> R) (s : A -> R) (s' : B -> R) :
  law l s -> law k s' -> nonneg r -> nonneg r' -> (forall x, r x = 0 -> s x = 0) -> (forall y, r' y = 0 -> s' y = 0) ->
  KL (list_prod l k) (prod_law s s') (prod_law r r') = KL l s r + KL k s' r'.
Proof.
  intros [Hs Ss] [Hs' Ss'] Hr Hr' Hsr Hsr'; unfold KL, prod_law; rewrite Sum_prod; simpl.
  rewrite (Sum_ext l _ (fun x => kt (s x) (r x) + s x * Sum k (fun y => kt (s' y) (r' y)))).
  - rewrite Sum_plus, Sum_scal_r, Ss; ring.
  - intros x.
    rewrite (Sum_ext k _ (fun y => kt (s x) (r x) * s' y + s x * kt (s' y) (r' y))).
    + rewrite Sum_plus, !Sum_scal, Ss'; ring.
    + intros y; pose proof (Hs x); pose proof (Hs' y).
      destruct (Req_dec (s x) 0) as [E|N]; [rewrite E, Rmult_0_l, !kt_0_l; ring|].
      destruct (Req_dec (s' y) 0) as [E'|N']; [rewrite E', Rmult_0_r, !kt_0_l; ring|].
      assert (0 < r x) by (pose proof (Hr x); destruct (Req_dec (r x) 0) as [F|]; [specialize (Hsr x F); lra | lra]).
      assert (0 < r' y) by (pose proof (Hr' y); destruct (Req_dec (r' y) 0) as [F|]; [specialize (Hsr' y F); lra | lra]).
      rewrite !kt_pos, !ln_mult by (try apply Rmult_lt_0_compat; lra); ring.
Qed.

Theorem T10_two : JSD w (list_prod l k) (prod_law p p') (prod_law q q') <= JSD w l p q + JSD w k p' q'.
Proof.
  set (m := mixture w p q); set (m' := mixture w p' q').
  assert (Nm : nonneg m) by (intros x; apply mid_nonneg; [exact Hw | apply Hp | apply Hq]).
  assert (Nm' : nonneg m') by (intros x; apply mid_nonneg; [exact Hw | apply Hp' | apply Hq']).
  assert (Zp : forall x, m x = 0 -> p x = 0) by (intros x; apply (mid_zero_l w Hw); [apply Hp | apply Hq]).
  assert (Zq : forall x, m x = 0 -> q x = 0) by (intros x; apply (mid_zero_r w Hw); [apply Hp | apply Hq]).
  assert (Zp' : forall x, m' x = 0 -> p' x = 0) by (intros x; apply (mid_zero_l w Hw); [apply Hp' | apply Hq']).
  assert (Zq' : forall x, m' x = 0 -> q' x = 0) by (intros x; apply (mid_zero_r w Hw); [apply Hp' | apply Hq']).
  pose proof (compensation l w p q m Hw (proj1 Hp) (proj1 Hq) Nm Zp Zq) as C.
  pose proof (compensation k w p' q' m' Hw (proj1 Hp') (proj1 Hq') Nm' Zp' Zq') as C'.
  assert (K0 : forall (X : Type) (j : list X) (a : X -> R), nonneg a -> KL j a a = 0).
  { intros X j a Ha; unfold KL; rewrite (Sum_ext j _ (fun _ => 0)); [apply Sum_const0 | intros x; apply kt_self, Ha]. }
  fold m in C; fold m' in C'.
  rewrite (K0 A l m) in C by exact Nm; rewrite (K0 B k m') in C' by exact Nm'.
  assert (Hpp : law (list_prod l k) (prod_law p p')) by apply prod_law_law.
  assert (Hqq : law (list_prod l k) (prod_law q q')).
  { split; [intros s; apply Rmult_le_pos; [apply Hq | apply Hq']|].
    rewrite Sum_prod; unfold prod_law; simpl.
    rewrite (Sum_ext l _ q) by (intros x; rewrite Sum_scal, (proj2 Hq'); ring); apply Hq. }
  assert (Nr : nonneg (prod_law m m')) by (intros s; apply Rmult_le_pos; [apply Nm | apply Nm']).
  assert (Z1 : forall s, prod_law m m' s = 0 -> prod_law p p' s = 0).
  { intros s E; unfold prod_law in *; apply Rmult_integral in E; destruct E as [E|E]; [rewrite (Zp _ E) | rewrite (Zp' _ E)]; ring. }
  assert (Z2 : forall s, prod_law m m' s = 0 -> prod_law q q' s = 0).
  { intros s E; unfold prod_law in *; apply Rmult_integral in E; destruct E as [E|E]; [rewrite (Zq _ E) | rewrite (Zq' _ E)]; ring. }
  pose proof (compensation (list_prod l k) w (prod_law p p') (prod_law q q') (prod_law m m') Hw (proj1 Hpp) (proj1 Hqq) Nr Z1 Z2) as CC.
  rewrite (KL_prod m m' p p') in CC; auto.
  rewrite (KL_prod m m' q q') in CC; auto.
  assert (Gb : 0 <= KL (list_prod l k) (mixture w (prod_law p p') (prod_law q q')) (prod_law m m')).
  { apply gibbs; auto.
    - intros s; apply mid_nonneg; [exact Hw | apply Hpp | apply Hqq].
    - intros s E; unfold mixture, mid; rewrite (Z1 s E), (Z2 s E); ring.
    - assert (S1 : Sum l m = 1) by (unfold m, mixture, mid; rewrite Sum_plus, !Sum_scal, (proj2 Hp), (proj2 Hq); ring).
      assert (S2 : Sum k m' = 1) by (unfold m', mixture, mid; rewrite Sum_plus, !Sum_scal, (proj2 Hp'), (proj2 Hq'); ring).
      assert (S3 : Sum (list_prod l k) (prod_law m m') = 1).
      { rewrite Sum_prod; unfold prod_law; simpl.
        rewrite (Sum_ext l _ m) by (intros x; rewrite Sum_scal, S2; ring); exact S1. }
      assert (S4 : Sum (list_prod l k) (mixture w (prod_law p p') (prod_law q q')) = 1).
      { unfold mixture, mid.
        rewrite (Sum_plus (list_prod l k) (fun x => (1 - w) * prod_law p p' x) (fun x => w * prod_law q q' x)), !Sum_scal.
        rewrite (proj2 Hpp), (proj2 Hqq); ring. }
      rewrite S3, S4; lra. }
  lra.
Qed.
End Product.

(* Words: n outputs, the i-th from its own pair on its own alphabet of one type. *)
Section Words.
Context {A : Type} (w : R).
Hypothesis Hw : 0 < w < 1.

Fixpoint words (ls : list (list A)) : list (list A) :=
  match ls with
  | nil => (nil :: nil)%list
  | l :: rest => map (fun s => cons (fst s) (snd s)) (list_prod l (words rest))
  end.

Fixpoint word_law (ps : list (A -> R)) (x : list A) : R :=
  match ps, x with
  | nil, nil => 1
  | p :: rest, a :: t => p a * word_law rest t
  | _, _ => 0
  end.

Definition pair_ok (t : list A * (A -> R) * (A -> R)) : Prop := law (fst (fst t)) (snd (fst t)) /\ law (fst (fst t)) (snd t).
Definition alphabets (ts : list (list A * (A -> R) * (A -> R))) := map (fun t => fst (fst t)) ts.
Definition first_arm (ts : list (list A * (A -> R) * (A -> R))) := map (fun t => snd (fst t)) ts.
Definition second_arm (ts : list (list A * (A -> R) * (A -> R))) := map (fun t => snd t) ts.

Lemma word_laws ts : Forall pair_ok ts ->
  law (words (alphabets ts)) (word_law (first_arm ts)) /\ law (words (alphabets ts)) (word_law (second_arm ts)).
Proof.
  induction 1 as [|[[l p] q] ts [Hp Hq] _ IH]; simpl in *.
  - assert (N : nonneg (word_law (nil : list (A -> R)))) by (intros [|]; simpl; lra).
    split; split; simpl; auto; lra.
  - destruct IH as [[N1 S1] [N2 S2]].
    assert (K : forall p r, law l p -> nonneg (word_law r) -> Sum (words (alphabets ts)) (word_law r) = 1 ->
      law (map (fun s => fst s :: snd s)%list (list_prod l (words (alphabets ts)))) (word_law (p :: r))).
    { intros p0 r [Np Sp] Nr Sr; split.
      - intros [|a t]; simpl; [lra | apply Rmult_le_pos; auto].
      - rewrite Sum_map, Sum_prod; simpl.
        rewrite (Sum_ext l _ p0) by (intros x; rewrite Sum_scal, Sr; ring); exact Sp. }
    split; apply K; auto.
Qed.

Theorem T10_tensorisation ts : Forall pair_ok ts ->
  JSD w (words (alphabets ts)) (word_law (first_arm ts)) (word_law (second_arm ts))
    <= Sum ts (fun t => JSD w (fst (fst t)) (snd (fst t)) (snd t)).
Proof.
  induction 1 as [|[[l p] q] ts [Hp Hq] HT IH]; simpl.
  - unfold JSD; simpl; rewrite g_same; lra.
  - pose proof (word_laws ts HT) as [L1 L2]; simpl in Hp, Hq.
    unfold JSD at 1; rewrite Sum_map; simpl.
    pose proof (T10_two l (words (alphabets ts)) p q (word_law (first_arm ts)) (word_law (second_arm ts)) w Hw Hp Hq L1 L2) as T.
    unfold JSD at 1, prod_law in T; unfold JSD in *; simpl in *; lra.
Qed.
End Words.

Section Same.
Context {A : Type} (l : list A) (p q : A -> R) (n : nat).
Hypothesis Hp : law l p.
Hypothesis Hq : law l q.

Definition copies := repeat (l, p, q) n.
Definition P_n := word_law (first_arm copies).
Definition Q_n := word_law (second_arm copies).
Definition l_n := words (alphabets copies).

Lemma copies_ok : Forall pair_ok copies.
Proof. unfold copies; induction n; simpl; constructor; [split; assumption | assumption]. Qed.

Theorem T10_n_draws : JS l_n P_n Q_n <= INR n * JS l p q.
Proof.
  eapply Rle_trans; [apply (T10_tensorisation (1 / 2) half_in copies copies_ok)|].
  unfold copies; right; clear; induction n as [|k IH]; [simpl; ring|].
  rewrite S_INR; simpl repeat; simpl Sum; rewrite IH; unfold JS; ring.
Qed.

Theorem T10_detector (D : list A -> R) : (forall x, 0 <= D x <= 1) ->
  accuracy l_n P_n Q_n D <= 1 / 2 + / 2 * sqrt (2 * (INR n * JS l p q)).
Proof.
  intros HD; destruct (word_laws copies copies_ok) as [L1 L2].
  pose proof (T5_closed_form l_n P_n Q_n L1 L2 D HD).
  assert (sqrt (2 * JS l_n P_n Q_n) <= sqrt (2 * (INR n * JS l p q))) by (apply sqrt_le_1_alt; pose proof T10_n_draws; lra).
  lra.
Qed.
End Same.
