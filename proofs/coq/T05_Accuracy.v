(* T5, both ends: phi(TV) <= JSD <= TV ln 2, each attained (symmetric channel, erasure channel); phi(t) >= t^2/2, hence the closed form
   "every detector's accuracy is at most 1/2 + 1/2 sqrt(2 JSD)"; and the sharp form "JSD <= phi(t) gives accuracy at most (1+t)/2". *)
Require Import Reals List Lra Psatz.
From Mari Require Import Sums Divergence T01_Identity T02_Range.
Open Scope R_scope.

Definition TV {A} (l : list A) (p q : A -> R) : R := / 2 * Sum l (fun x => Rabs (p x - q x)).
Definition G (a b : R) : R := g (1 / 2) a b.
Definition phi (t : R) : R := G (1 + t) (1 - t).

Lemma G_swap a b : G a b = G b a.
Proof. unfold G; rewrite g_swap; f_equal; lra. Qed.

Lemma G_zero_r a : 0 <= a -> G a 0 = a / 2 * ln 2.
Proof.
  intros Ha; unfold G, g, mid; rewrite kt_0_l.
  replace ((1 - 1 / 2) * a + 1 / 2 * 0) with (/ 2 * a) by lra.
  rewrite kt_share, ln_Rinv by lra; lra.
Qed.

Lemma G_max_min a b : G a b = G (Rmax a b) (Rmin a b).
Proof. unfold Rmax, Rmin; destruct (Rle_dec a b); [apply G_swap | reflexivity]. Qed.

Lemma G_below a b : 0 <= b <= a -> G a b <= (a - b) / 2 * ln 2.
Proof.
  intros [Hb Hab].
  pose proof (g_subadditive2 (1 / 2) half_in b b (a - b) 0) as S.
  replace (b + (a - b)) with a in S by ring; replace (b + 0) with b in S by ring.
  rewrite (g_same (1 / 2) b Hb) in S.
  pose proof (G_zero_r (a - b)) as Z; unfold G in *; lra.
Qed.

Section Bounds.
Context {A : Type} (l : list A) (p q : A -> R).
Hypothesis Hp : law l p.
Hypothesis Hq : law l q.

Lemma max_sum : Sum l (fun x => Rmax (p x) (q x)) = 1 + TV l p q.
Proof.
  unfold TV.
  rewrite (Sum_ext l _ (fun x => / 2 * (p x + q x) + / 2 * Rabs (p x - q x))).
  - rewrite Sum_plus, !Sum_scal, Sum_plus, (proj2 Hp), (proj2 Hq); lra.
  - intros x; unfold Rmax, Rabs; destruct (Rle_dec (p x) (q x)), (Rcase_abs (p x - q x)); lra.
Qed.

Lemma min_sum : Sum l (fun x => Rmin (p x) (q x)) = 1 - TV l p q.
Proof.
  unfold TV.
  rewrite (Sum_ext l _ (fun x => / 2 * (p x + q x) - / 2 * Rabs (p x - q x))).
  - rewrite Sum_minus, !Sum_scal, Sum_plus, (proj2 Hp), (proj2 Hq); lra.
  - intros x; unfold Rmin, Rabs; destruct (Rle_dec (p x) (q x)), (Rcase_abs (p x - q x)); lra.
Qed.

Lemma TV_range : 0 <= TV l p q <= 1.
Proof.
  split.
  - unfold TV; assert (0 <= Sum l (fun x => Rabs (p x - q x))) by (apply Sum_nonneg; intros x; apply Rabs_pos); lra.
  - assert (0 <= Sum l (fun x => Rmin (p x) (q x)))
      by (apply Sum_nonneg; intros x; apply Rmin_glb; [apply Hp | apply Hq]).
    rewrite min_sum in H; lra.
Qed.

Theorem T5_lower : phi (TV l p q) <= JS l p q.
Proof.
  unfold phi; rewrite <- max_sum, <- min_sum; unfold JS, JSD.
  rewrite (Sum_ext l (fun x => g (1 / 2) (p x) (q x)) (fun x => g (1 / 2) (Rmax (p x) (q x)) (Rmin (p x) (q x))))
    by (intros x; apply G_max_min).
  apply g_subadditive; [exact half_in | |]; intros x.
  - apply Rle_trans with (p x); [apply Hp | apply Rmax_l].
  - apply Rmin_glb; [apply Hp | apply Hq].
Qed.

Theorem T5_upper : JS l p q <= TV l p q * ln 2.
Proof.
  unfold JS, JSD, TV.
  apply Rle_trans with (Sum l (fun x => (/ 2 * ln 2) * Rabs (p x - q x))); [|rewrite Sum_scal; lra].
  apply Sum_le; intros x; pose proof (proj1 Hp x); pose proof (proj1 Hq x); fold (G (p x) (q x)).
  unfold Rabs; destruct (Rcase_abs (p x - q x)).
  - rewrite G_swap; pose proof (G_below (q x) (p x)); lra.
  - pose proof (G_below (p x) (q x)); lra.
Qed.

(* A randomised detector says "Q" on x with probability D x. *)
Definition accuracy (D : A -> R) : R := / 2 * Sum l (fun x => p x * (1 - D x)) + / 2 * Sum l (fun x => q x * D x).

Theorem T5_any_detector (D : A -> R) : (forall x, 0 <= D x <= 1) -> accuracy D <= (1 + TV l p q) / 2.
Proof.
  intros HD; unfold accuracy.
  assert (Sum l (fun x => p x * (1 - D x)) + Sum l (fun x => q x * D x) <= Sum l (fun x => Rmax (p x) (q x))).
  { rewrite <- Sum_plus; apply Sum_le; intros x; specialize (HD x).
    pose proof (Rmax_l (p x) (q x)); pose proof (Rmax_r (p x) (q x)); nra. }
  rewrite max_sum in H; lra.
Qed.

Theorem T5_best_detector : accuracy (fun x => if Rle_dec (p x) (q x) then 1 else 0) = (1 + TV l p q) / 2.
Proof.
  unfold accuracy.
  assert (Sum l (fun x => p x * (1 - (if Rle_dec (p x) (q x) then 1 else 0))) +
          Sum l (fun x => q x * (if Rle_dec (p x) (q x) then 1 else 0)) = Sum l (fun x => Rmax (p x) (q x))).
  { rewrite <- Sum_plus; apply Sum_ext; intros x; unfold Rmax; destruct (Rle_dec (p x) (q x)); lra. }
  rewrite max_sum in H; lra.
Qed.
End Bounds.

Lemma phi_0 : phi 0 = 0.
Proof. unfold phi, G; rewrite Rplus_0_r, Rminus_0_r; apply g_same; lra. Qed.

Lemma phi_formula t : -1 < t < 1 -> phi t = / 2 * ((1 + t) * ln (1 + t) + (1 - t) * ln (1 - t)).
Proof.
  intros Ht; unfold phi, G, g.
  replace (mid (1 / 2) (1 + t) (1 - t)) with 1 by (unfold mid; lra).
  rewrite !kt_pos, ln_1 by lra; lra.
Qed.

(* phi(t) >= t^2/2 from one inequality for logarithms: (1+t) ln(1+t) + (1-t) ln(1-t) - t^2 has derivative ln(1+t) - ln(1-t) - 2t >= 0. *)
Lemma derivable_plus (x : R) : derivable_pt_lim (fun u => 1 + u) x 1.
Proof.
  assert (D : derivable_pt_lim (fun u => 1 + u) x (0 + 1)).
  { apply (derivable_pt_lim_plus (fun _ => 1) (fun u => u)); [apply derivable_pt_lim_const | apply derivable_pt_lim_id]. }
  rewrite Rplus_0_l in D; exact D.
Qed.

Lemma derivable_minus (x : R) : derivable_pt_lim (fun u => 1 - u) x (-1).
Proof.
  assert (D : derivable_pt_lim (fun u => 1 - u) x (0 - 1)).
  { apply (derivable_pt_lim_minus (fun _ => 1) (fun u => u)); [apply derivable_pt_lim_const | apply derivable_pt_lim_id]. }
  replace (-1) with (0 - 1) by ring; exact D.
Qed.

Lemma derivable_ln_plus (x : R) : -1 < x -> derivable_pt_lim (fun u => ln (1 + u)) x (/ (1 + x)).
Proof.
  intros H.
  replace (/ (1 + x)) with (/ (1 + x) * 1) by ring.
  apply (derivable_pt_lim_comp (fun u => 1 + u) ln); [apply derivable_plus | apply derivable_pt_lim_ln; lra].
Qed.

Lemma derivable_ln_minus (x : R) : x < 1 -> derivable_pt_lim (fun u => ln (1 - u)) x (- / (1 - x)).
Proof.
  intros H.
  replace (- / (1 - x)) with (/ (1 - x) * -1) by ring.
  apply (derivable_pt_lim_comp (fun u => 1 - u) ln); [apply derivable_minus | apply derivable_pt_lim_ln; lra].
Qed.

Lemma log_ratio t : 0 <= t < 1 -> 2 * t <= ln (1 + t) - ln (1 - t).
Proof.
  intros [[Ht|<-] H1]; [|rewrite Rplus_0_r, Rminus_0_r; lra].
  destruct (MVT_cor2 (fun u => ln (1 + u) - ln (1 - u) - 2 * u) (fun u => / (1 + u) - - / (1 - u) - 2 * 1) 0 t Ht) as [c [E Hc]].
  - intros c Hc; apply derivable_pt_lim_minus.
    + apply derivable_pt_lim_minus; [apply derivable_ln_plus; lra | apply derivable_ln_minus; lra].
    + apply (derivable_pt_lim_scal (fun u => u)); apply derivable_pt_lim_id.
  - rewrite Rplus_0_r, Rminus_0_r, ln_1 in E.
    assert (0 <= / (1 + c) - - / (1 - c) - 2 * 1).
    { replace (/ (1 + c) - - / (1 - c) - 2 * 1) with (2 * (c * c) / ((1 + c) * (1 - c))) by (field; lra).
      apply Rmult_le_pos; [nra | left; apply Rinv_0_lt_compat; nra]. }
    nra.
Qed.

Lemma derivable_x_ln (f : R -> R) (x d : R) : 0 < f x -> derivable_pt_lim f x d ->
  derivable_pt_lim (fun u => f u * ln (f u)) x (d * ln (f x) + d).
Proof.
  intros Hf Hd.
  replace (d * ln (f x) + d) with (d * ln (f x) + f x * (/ f x * d)) by (field; lra).
  apply (derivable_pt_lim_mult f (fun u => ln (f u))); [exact Hd|].
  apply (derivable_pt_lim_comp f ln); [exact Hd | apply derivable_pt_lim_ln; exact Hf].
Qed.

Lemma phi_square_open t : 0 <= t < 1 -> t * t / 2 <= phi t.
Proof.
  intros [[Ht|<-] H1]; [|rewrite phi_0; lra].
  rewrite phi_formula by lra.
  destruct (MVT_cor2 (fun u => (1 + u) * ln (1 + u) + (1 - u) * ln (1 - u) - u * u)
    (fun u => (1 * ln (1 + u) + 1) + (-1 * ln (1 - u) + -1) - (1 * u + u * 1)) 0 t Ht) as [c [E Hc]].
  - intros c Hc; apply derivable_pt_lim_minus.
    + apply derivable_pt_lim_plus.
      * apply (derivable_x_ln (fun u => 1 + u)); [lra | apply derivable_plus].
      * apply (derivable_x_ln (fun u => 1 - u)); [lra | apply derivable_minus].
    + apply (derivable_pt_lim_mult (fun u => u) (fun u => u)); apply derivable_pt_lim_id.
  - rewrite Rplus_0_r, Rminus_0_r, ln_1 in E.
    pose proof (log_ratio c ltac:(lra)).
    assert (0 <= (1 * ln (1 + c) + 1 + (-1 * ln (1 - c) + -1) - (1 * c + c * 1)) * (t - 0)) by (apply Rmult_le_pos; lra).
    lra.
Qed.

Lemma ln2_at_least_half : / 2 <= ln 2.
Proof.
  pose proof (ln_le_sub1 (/ 2) ltac:(lra)) as L; rewrite ln_Rinv in L by lra; lra.
Qed.

Lemma phi_1 : phi 1 = ln 2.
Proof.
  unfold phi; replace (1 - 1) with 0 by ring; rewrite G_zero_r by lra; lra.
Qed.

Theorem T5_phi_at_least_half_square t : 0 <= t <= 1 -> t * t / 2 <= phi t.
Proof.
  intros [H0 [H1| ->]]; [apply phi_square_open; lra|].
  rewrite phi_1; pose proof ln2_at_least_half; lra.
Qed.

(* Strict monotonicity of phi without calculus: phi(lam s) <= lam phi(s). *)
Lemma phi_shrinks lam s : 0 <= lam <= 1 -> 0 <= s <= 1 -> phi (lam * s) <= lam * phi s.
Proof.
  intros Hl Hs; unfold phi, G.
  pose proof (g_subadditive2 (1 / 2) half_in (lam * (1 + s)) (lam * (1 - s)) ((1 - lam) * 1) ((1 - lam) * 1)) as S.
  rewrite (g_hom (1 / 2) half_in lam) in S by lra.
  rewrite (g_same (1 / 2) ((1 - lam) * 1)) in S by nra.
  replace (1 + lam * s) with (lam * (1 + s) + (1 - lam) * 1) by ring.
  replace (1 - lam * s) with (lam * (1 - s) + (1 - lam) * 1) by ring.
  assert (0 <= lam * (1 + s)) by nra; assert (0 <= lam * (1 - s)) by nra; assert (0 <= (1 - lam) * 1) by lra.
  specialize (S H H0 H1 H1); lra.
Qed.

Section Consequences.
Context {A : Type} (l : list A) (p q : A -> R).
Hypothesis Hp : law l p.
Hypothesis Hq : law l q.

Theorem T5_pinsker : TV l p q * TV l p q / 2 <= JS l p q.
Proof.
  apply Rle_trans with (phi (TV l p q)); [|apply T5_lower; auto].
  apply T5_phi_at_least_half_square, TV_range; auto.
Qed.

Theorem T5_total_variation_bound : TV l p q <= sqrt (2 * JS l p q).
Proof.
  pose proof T5_pinsker; pose proof (TV_range l p q Hp Hq).
  apply Rsqr_incr_0_var; [|apply sqrt_pos].
  rewrite Rsqr_sqrt; unfold Rsqr; nra.
Qed.

Theorem T5_closed_form (D : A -> R) : (forall x, 0 <= D x <= 1) -> accuracy l p q D <= 1 / 2 + / 2 * sqrt (2 * JS l p q).
Proof.
  intros HD; pose proof (T5_any_detector l p q Hp Hq D HD); pose proof T5_total_variation_bound; lra.
Qed.

(* The sharp form: a budget phi(t) caps the total variation at t. *)
Theorem T5_sharp t : 0 < t <= 1 -> JS l p q <= phi t -> TV l p q <= t.
Proof.
  intros Ht HJ; pose proof (TV_range l p q Hp Hq) as [T0 T1].
  pose proof (T5_lower l p q Hp Hq) as L.
  destruct (Rle_or_lt (TV l p q) t) as [|N]; [assumption|exfalso].
  set (s := TV l p q) in *.
  pose proof (phi_shrinks (t / s) s) as S.
  replace (t / s * s) with t in S by (field; lra).
  assert (Hl : 0 <= t / s <= 1).
  { split; [apply Rmult_le_pos; [lra | left; apply Rinv_0_lt_compat; lra]|].
    apply Rmult_le_reg_r with s; [lra|]; replace (t / s * s) with t by (field; lra); lra. }
  specialize (S Hl ltac:(lra)).
  pose proof (T5_phi_at_least_half_square s ltac:(lra)).
  assert (t / s < 1) by (apply Rmult_lt_reg_r with s; [lra|]; replace (t / s * s) with t by (field; lra); lra).
  assert (0 < phi s) by nra.
  assert (t / s * phi s < 1 * phi s) by (apply Rmult_lt_compat_r; assumption).
  lra.
Qed.

Theorem T5_sharp_accuracy t (D : A -> R) :
  0 < t <= 1 -> JS l p q <= phi t -> (forall x, 0 <= D x <= 1) -> accuracy l p q D <= (1 + t) / 2.
Proof.
  intros Ht HJ HD; pose proof (T5_any_detector l p q Hp Hq D HD); pose proof (T5_sharp t Ht HJ); lra.
Qed.
End Consequences.

(* Both ends are attained. *)
Definition two : list bool := (true :: false :: nil)%list.
Definition symmetric (t : R) (x : bool) : R := if x then (1 + t) / 2 else (1 - t) / 2.

Theorem T5_lower_attained t : 0 <= t <= 1 ->
  TV two (symmetric t) (symmetric (- t)) = t /\ JS two (symmetric t) (symmetric (- t)) = phi t.
Proof.
  intros Ht; split.
  - unfold TV; simpl; unfold symmetric.
    replace ((1 + t) / 2 - (1 + - t) / 2) with t by lra; replace ((1 - t) / 2 - (1 - - t) / 2) with (- t) by lra.
    rewrite Rabs_Ropp, Rabs_pos_eq by lra; lra.
  - unfold JS, JSD; simpl; unfold symmetric, phi.
    replace (1 + - t) with (1 - t) by ring; replace (1 - - t) with (1 + t) by ring.
    fold (G ((1 + t) / 2) ((1 - t) / 2)); fold (G ((1 - t) / 2) ((1 + t) / 2)); rewrite (G_swap ((1 - t) / 2)).
    replace ((1 + t) / 2) with (/ 2 * (1 + t)) by lra; replace ((1 - t) / 2) with (/ 2 * (1 - t)) by lra.
    unfold G; rewrite g_hom by lra; lra.
Qed.

Definition erasure (t : R) (own : bool) (x : option bool) : R :=
  match x with None => 1 - t | Some y => if Bool.eqb own y then t else 0 end.
Definition three : list (option bool) := (Some true :: Some false :: None :: nil)%list.

Theorem T5_upper_attained t : 0 <= t <= 1 ->
  TV three (erasure t true) (erasure t false) = t /\ JS three (erasure t true) (erasure t false) = t * ln 2.
Proof.
  intros Ht; split.
  - unfold TV; simpl; rewrite Rminus_0_r; replace (0 - t) with (- t) by ring; replace (1 - t - (1 - t)) with 0 by ring.
    rewrite Rabs_Ropp, Rabs_R0, Rabs_pos_eq by lra; lra.
  - unfold JS, JSD; simpl; fold (G t 0); fold (G 0 t); fold (G (1 - t) (1 - t)); rewrite (G_swap 0 t), G_zero_r by lra.
    unfold G; rewrite g_same by lra; lra.
Qed.
