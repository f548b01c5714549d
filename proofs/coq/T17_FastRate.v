(* T17's two lemmas, in full. (1) The exponential-moment bound, sharp at every l <= 1: e^{lx} - 1 - lx <= c_l (e^x - 1 - x) for x >= -ln 2 with c_l = (2^{-l} - 1 + l ln 2)/(ln 2 - 1/2), equality at x = -ln 2; hence ln E e^{l(psi - E psi)} <= c_l KL for
   psi = ln(M/P) on a finite alphabet. (2) The convexity step: the plug-in divergence lies above its tangent plane at the true pair. (3) For arms that depend on each other, Cauchy-Schwarz. *)
Require Import Reals List Lra Psatz.
From Mari Require Import Sums Divergence T04_Metric T05_Accuracy.
Open Scope R_scope.

Definition c17 (l : R) : R := (exp (- (l * ln 2)) - 1 + l * ln 2) / (ln 2 - 1 / 2).

Lemma exp_tangent x : 1 + x <= exp x.
Proof. apply exp_ineq1_le. Qed.

Lemma derivable_scaled l x : derivable_pt_lim (fun u => l * u) x l.
Proof.
  assert (D : derivable_pt_lim (fun u => l * u) x (l * 1)) by (apply (derivable_pt_lim_scal (fun u => u)); apply derivable_pt_lim_id).
  rewrite Rmult_1_r in D; exact D.
Qed.

Lemma derivable_exp_scaled l x : derivable_pt_lim (fun u => exp (l * u)) x (exp (l * x) * l).
Proof.
  apply (derivable_pt_lim_comp (fun u => l * u) exp).
  - apply derivable_scaled.
  - apply derivable_pt_lim_exp.
Qed.

Lemma derivable_bregman l x : derivable_pt_lim (fun u => exp (l * u) - 1 - l * u) x (exp (l * x) * l - 0 - l).
Proof.
  apply derivable_pt_lim_minus.
  - apply derivable_pt_lim_minus; [apply derivable_exp_scaled | apply derivable_pt_lim_const].
  - apply derivable_scaled.
Qed.

(* x <= 0: e^x - 1 - x <= x^2/2. *)
Lemma bregman_left x : x <= 0 -> exp x - 1 - x <= x * x / 2.
Proof.
  intros [Hx| ->]; [|rewrite exp_0; lra].
  destruct (MVT_cor2 (fun u => / 2 * (u * u) - (exp (1 * u) - 1 - 1 * u))
    (fun u => / 2 * (1 * u + u * 1) - (exp (1 * u) * 1 - 0 - 1)) x 0 Hx) as [t [E Ht]].
  - intros t _; apply derivable_pt_lim_minus; [|apply derivable_bregman].
    apply (derivable_pt_lim_scal (fun u => u * u)).
    apply (derivable_pt_lim_mult (fun u => u) (fun u => u)); apply derivable_pt_lim_id.
  - rewrite !Rmult_1_l, exp_0 in E; pose proof (exp_tangent t).
    assert (0 <= - (/ 2 * (1 * t + t * 1) - (exp t * 1 - 0 - 1)) * (0 - x)) by (apply Rmult_le_pos; lra).
    lra.
Qed.

Lemma ln2_above : / 2 < ln 2.
Proof.
  (* ln 2 = -2 ln(1/sqrt 2) and ln(1/2) < -1/2 strictly, as exp(1/2) < 2. *)
  assert (exp (/ 2) < 2).
  { pose proof (exp_tangent (- / 2)) as T; pose proof (exp_pos (/ 2)).
    assert (E : exp (/ 2) * exp (- / 2) = 1) by (rewrite <- exp_plus, Rplus_opp_r; apply exp_0).
    pose proof (exp_tangent (- / 4)) as T4.
    assert (F : exp (- / 2) = exp (- / 4) * exp (- / 4)) by (rewrite <- exp_plus; f_equal; lra).
    assert (9 / 16 <= exp (- / 2)) by (rewrite F; nra).
    nra. }
  rewrite <- (ln_exp (/ 2)); apply ln_increasing; [apply exp_pos | exact H].
Qed.

Lemma denominator_pos : 0 < ln 2 - 1 / 2.
Proof. pose proof ln2_above; lra. Qed.

Section Pointwise.
Variable l : R.
Hypothesis Hl : l <= 1.

(* The difference of the two sides; it vanishes at -ln 2, and at 0 with its slope. *)
Definition D17 (x : R) : R := c17 l * (exp (1 * x) - 1 - 1 * x) - (exp (l * x) - 1 - l * x).
Definition D17' (x : R) : R := c17 l * (exp (1 * x) * 1 - 0 - 1) - (exp (l * x) * l - 0 - l).
Definition D17'' (x : R) : R := exp (l * x) * (c17 l * exp ((1 - l) * x) - l * l).

Lemma D17_derivable x : derivable_pt_lim D17 x (D17' x).
Proof.
  apply derivable_pt_lim_minus; [|apply derivable_bregman].
  apply (derivable_pt_lim_scal (fun u => exp (1 * u) - 1 - 1 * u)); apply derivable_bregman.
Qed.

Lemma D17'_derivable x : derivable_pt_lim D17' x (D17'' x).
Proof.
  unfold D17'; eapply d_eq.
  - apply (d_minus (fun u => c17 l * (exp (1 * u) * 1 - 0 - 1)) (fun u => exp (l * u) * l - 0 - l)).
    + apply (derivable_pt_lim_scal (fun u => exp (1 * u) * 1 - 0 - 1)).
      apply (d_minus (fun u => exp (1 * u) * 1 - 0) (fun _ => 1)); [|apply d_const].
      apply (d_minus (fun u => exp (1 * u) * 1) (fun _ => 0)); [|apply d_const].
      apply (d_mult (fun u => exp (1 * u)) (fun _ => 1)); [apply derivable_exp_scaled | apply d_const].
    + apply (d_minus (fun u => exp (l * u) * l - 0) (fun _ => l)); [|apply d_const].
      apply (d_minus (fun u => exp (l * u) * l) (fun _ => 0)); [|apply d_const].
      apply (d_mult (fun u => exp (l * u)) (fun _ => l)); [apply derivable_exp_scaled | apply d_const].
  - unfold D17''; assert (E : exp (1 * x) = exp (l * x) * exp ((1 - l) * x)) by (rewrite <- exp_plus; f_equal; ring).
    rewrite E; ring.
Qed.

Lemma D17_0 : D17 0 = 0.
Proof. unfold D17; rewrite !Rmult_0_r, exp_0; ring. Qed.
Lemma D17'_0 : D17' 0 = 0.
Proof. unfold D17'; rewrite !Rmult_0_r, exp_0; ring. Qed.
Lemma D17_end : D17 (- ln 2) = 0.
Proof.
  pose proof denominator_pos; unfold D17, c17; rewrite Rmult_1_l, (exp_Ropp (ln 2)), exp_ln by lra.
  replace (l * - ln 2) with (- (l * ln 2)) by ring; field; lra.
Qed.

Lemma c17_nonneg : 0 <= c17 l.
Proof.
  unfold c17; pose proof (exp_tangent (- (l * ln 2))); pose proof denominator_pos.
  apply Rmult_le_pos; [lra | left; apply Rinv_0_lt_compat; lra].
Qed.

(* Once the second derivative is non-negative it stays so. *)
Lemma D17''_sign x y : x <= y -> 0 <= D17'' x -> 0 <= D17'' y.
Proof.
  intros H S; unfold D17'' in *; pose proof (exp_pos (l * x)); pose proof (exp_pos (l * y)); pose proof c17_nonneg.
  assert (exp ((1 - l) * x) <= exp ((1 - l) * y)).
  { assert (L : (1 - l) * x <= (1 - l) * y) by (apply Rmult_le_compat_l; lra).
    destruct L as [L|L]; [left; apply exp_increasing; exact L | rewrite L; lra]. }
  assert (0 <= c17 l * exp ((1 - l) * x) - l * l).
  { apply Rnot_lt_le; intros N; assert (exp (l * x) * (l * l - c17 l * exp ((1 - l) * x)) > 0) by (apply Rmult_lt_0_compat; lra); lra. }
  assert (c17 l * exp ((1 - l) * x) <= c17 l * exp ((1 - l) * y)) by (apply Rmult_le_compat_l; lra).
  apply Rmult_le_pos; lra.
Qed.

Lemma D17_nonneg x : - ln 2 <= x -> 0 <= D17 x.
Proof.
  intros Hx; apply Rnot_lt_le; intros N; pose proof ln2_above.
  assert (X0 : x <> 0) by (intros ->; rewrite D17_0 in N; lra).
  assert (XL : x <> - ln 2) by (intros ->; rewrite D17_end in N; lra).
  destruct (Rlt_dec x 0) as [L|L].
  - destruct (MVT_cor2 D17 D17' (- ln 2) x) as [a [Ea Ha]]; [lra | intros; apply D17_derivable|].
    destruct (MVT_cor2 D17 D17' x 0) as [b [Eb Hb]]; [lra | intros; apply D17_derivable|].
    rewrite D17_end in Ea; rewrite D17_0 in Eb.
    assert (Na : D17' a < 0) by (apply Rnot_le_lt; intros Z; assert (0 <= D17' a * (x - - ln 2)) by (apply Rmult_le_pos; lra); lra).
    assert (Pb : 0 < D17' b) by (apply Rnot_le_lt; intros Z; assert (0 <= - D17' b * (0 - x)) by (apply Rmult_le_pos; lra); lra).
    destruct (MVT_cor2 D17' D17'' a b) as [d [Ed Hd]]; [lra | intros; apply D17'_derivable|].
    destruct (MVT_cor2 D17' D17'' b 0) as [e [Ee He]]; [lra | intros; apply D17'_derivable|].
    rewrite D17'_0 in Ee.
    assert (Pd : 0 <= D17'' d) by (apply Rnot_lt_le; intros Z; assert (0 < - D17'' d * (b - a)) by (apply Rmult_lt_0_compat; lra); lra).
    pose proof (D17''_sign d e ltac:(lra) Pd).
    assert (0 <= D17'' e * (0 - b)) by (apply Rmult_le_pos; lra); lra.
  - destruct (MVT_cor2 D17 D17' 0 x) as [a [Ea Ha]]; [lra | intros; apply D17_derivable|].
    rewrite D17_0 in Ea.
    assert (Na : D17' a < 0) by (apply Rnot_le_lt; intros Z; assert (0 <= D17' a * (x - 0)) by (apply Rmult_le_pos; lra); lra).
    destruct (MVT_cor2 D17' D17'' 0 a) as [d [Ed Hd]]; [lra | intros; apply D17'_derivable|].
    destruct (MVT_cor2 D17 D17' (- ln 2) 0) as [b [Eb Hb]]; [lra | intros; apply D17_derivable|].
    rewrite D17_end, D17_0 in Eb.
    assert (Zb : D17' b = 0) by (assert (F : D17' b * (0 - - ln 2) = 0) by lra; apply Rmult_integral in F; destruct F; lra).
    destruct (MVT_cor2 D17' D17'' b 0) as [e [Ee He]]; [lra | intros; apply D17'_derivable|].
    rewrite D17'_0, Zb in Ee; rewrite D17'_0 in Ed.
    assert (Ze : D17'' e = 0) by (assert (F : D17'' e * (0 - b) = 0) by lra; apply Rmult_integral in F; destruct F; lra).
    pose proof (D17''_sign e d ltac:(lra) ltac:(lra)).
    assert (0 <= D17'' d * (a - 0)) by (apply Rmult_le_pos; lra); lra.
Qed.

Theorem T17_moment_pointwise x : - ln 2 <= x -> exp (l * x) - 1 - l * x <= c17 l * (exp x - 1 - x).
Proof. intros Hx; pose proof (D17_nonneg x Hx) as D; unfold D17 in D; rewrite !Rmult_1_l in D; lra. Qed.

(* At x = -ln 2 the constant cannot be lowered, whatever l. *)
Theorem T17_constant_is_attained : c17 l * (exp (- ln 2) - 1 - - ln 2) = exp (l * - ln 2) - 1 - l * - ln 2.
Proof. pose proof D17_end as E; unfold D17 in E; rewrite !Rmult_1_l in E; lra. Qed.
End Pointwise.

(* T29 is the same lemma at -l, read at -x. *)
Theorem T29_moment_pointwise l x : 0 <= l -> x <= ln 2 -> exp (l * x) - 1 - l * x <= c17 (- l) * (exp (- x) - 1 + x).
Proof.
  intros Hl Hx; pose proof (T17_moment_pointwise (- l) ltac:(lra) (- x) ltac:(lra)) as T.
  replace (- l * - x) with (l * x) in T by ring; lra.
Qed.

Theorem T29_constant_is_attained l : c17 (- l) * (exp (- ln 2) - 1 + ln 2) = exp (l * ln 2) - 1 - l * ln 2.
Proof.
  pose proof (T17_constant_is_attained (- l)) as T.
  replace (- l * - ln 2) with (l * ln 2) in T by ring; lra.
Qed.

Section Moment.
Context {A : Type} (a : list A) (p psi : A -> R).
Hypothesis Hp : law a p.
Hypothesis Hpsi : forall x, - ln 2 <= psi x.
Hypothesis Hmass : Sum a (fun x => p x * exp (psi x)) <= 1.
Definition K := - Sum a (fun x => p x * psi x).

Theorem T17_exponential_moment l : 0 <= l <= 1 -> ln (Sum a (fun x => p x * exp (l * psi x))) + l * K <= c17 l * K.
Proof.
  intros Hl.
  assert (B : Sum a (fun x => p x * exp (l * psi x)) <= 1 - l * K + c17 l * K).
  { apply Rle_trans with (Sum a (fun x => p x + l * (p x * psi x) + c17 l * (p x * exp (psi x) - p x - p x * psi x))).
    - apply Sum_le; intros x; pose proof (T17_moment_pointwise l (proj2 Hl) (psi x) (Hpsi x)); pose proof (proj1 Hp x).
      assert (p x * (exp (l * psi x) - 1 - l * psi x) <= p x * (c17 l * (exp (psi x) - 1 - psi x))) by (apply Rmult_le_compat_l; assumption).
      lra.
    - rewrite !Sum_plus, !Sum_scal, !Sum_minus, (proj2 Hp); unfold K.
      pose proof (c17_nonneg l).
      assert (c17 l * (Sum a (fun x => p x * exp (psi x)) - 1) <= 0) by nra.
      lra. }
  assert (P : 0 < Sum a (fun x => p x * exp (l * psi x))).
  { assert (0 <= Sum a (fun x => p x * exp (l * psi x))) by (apply Sum_nonneg; intros x; apply Rmult_le_pos; [apply Hp | left; apply exp_pos]).
    destruct H as [|E]; [assumption|exfalso].
    assert (Z : forall x, In x a -> p x = 0).
    { intros x Hx; assert (F : p x * exp (l * psi x) = 0)
        by (apply (Sum_zero_terms a (fun x => p x * exp (l * psi x))); [intros y; apply Rmult_le_pos; [apply Hp | left; apply exp_pos] | auto | exact Hx]).
      pose proof (exp_pos (l * psi x)); apply Rmult_integral in F; destruct F; lra. }
    pose proof (proj2 Hp) as S; rewrite (Sum_ext_in a p (fun _ => 0) Z), Sum_const0 in S; lra. }
  pose proof (ln_le_sub1 _ P); lra.
Qed.
End Moment.

Section Tangent.
Context {A : Type} (a : list A) (p q p' q' : A -> R).
Hypothesis Hp : forall x, 0 < p x.
Hypothesis Hq : forall x, 0 < q x.
Hypothesis Hp' : nonneg p'.
Hypothesis Hq' : nonneg q'.
Definition m (x : A) : R := mid (1 / 2) (p x) (q x).

Theorem T17_convexity_step :
  1 / 2 * Sum a (fun x => p' x * ln (p x / m x)) + 1 / 2 * Sum a (fun x => q' x * ln (q x / m x)) <= JS a p' q'.
Proof.
  unfold JS, JSD; rewrite <- !Sum_scal, <- Sum_plus; apply Sum_le; intros x.
  pose proof (Hp x); pose proof (Hq x); pose proof (Hp' x); pose proof (Hq' x).
  assert (Hm : 0 < m x) by (unfold m, mid; lra).
  set (m' := mid (1 / 2) (p' x) (q' x)).
  assert (Hm' : 0 <= m') by (unfold m', mid; lra).
  assert (T1 : p' x * ln (p x / m x) + p' x - m' * (p x / m x) <= kt (p' x) m').
  { apply tangent; auto; [apply Rdiv_lt_0_compat; lra | intros E; unfold m', mid in E; lra]. }
  assert (T2 : q' x * ln (q x / m x) + q' x - m' * (q x / m x) <= kt (q' x) m').
  { apply tangent; auto; [apply Rdiv_lt_0_compat; lra | intros E; unfold m', mid in E; lra]. }
  assert (E : m' * (p x / m x) + m' * (q x / m x) = p' x + q' x).
  { unfold m', m, mid in *; field; lra. }
  unfold g; fold m'; lra.
Qed.
End Tangent.

(* Arms that depend on each other: the mean of a product is at most the root of the product of the mean squares (Cauchy-Schwarz), so the two
   exponential moments are taken at twice the exponent and half the power: N becomes N/2, and nothing else changes. *)
Section Dependent.
Context {A : Type} (a : list A) (p u v : A -> R).
Hypothesis Hp : nonneg p.

Theorem T17_dependent_arms :
  Sum a (fun x => p x * (u x * v x)) * Sum a (fun x => p x * (u x * v x)) <=
  Sum a (fun x => p x * (u x * u x)) * Sum a (fun x => p x * (v x * v x)).
Proof.
  set (C := Sum a (fun x => p x * (u x * v x))); set (U := Sum a (fun x => p x * (u x * u x))); set (V := Sum a (fun x => p x * (v x * v x))).
  assert (Pv : nonneg (fun x => p x * (v x * v x))) by (intros x; apply Rmult_le_pos; [apply Hp | apply Rle_0_sqr]).
  assert (V0 : 0 <= V) by (apply Sum_nonneg; exact Pv).
  destruct V0 as [V0|V0].
  - assert (S : 0 <= Sum a (fun x => p x * ((V * u x - C * v x) * (V * u x - C * v x)))).
    { apply Sum_nonneg; intros x; apply Rmult_le_pos; [apply Hp | apply Rle_0_sqr]. }
    rewrite (Sum_ext a _ (fun x => V * V * (p x * (u x * u x)) - 2 * V * C * (p x * (u x * v x)) + C * C * (p x * (v x * v x)))) in S by (intros; ring).
    rewrite Sum_plus, Sum_minus, !Sum_scal in S; fold C U V in S.
    assert (F : 0 <= V * (U * V - C * C)) by lra.
    apply (Rmult_le_reg_l V); [exact V0 | lra].
  - assert (Z : C = 0).
    { unfold C; rewrite (Sum_ext_in a _ (fun _ => 0)); [apply Sum_const0|]; intros x Hx.
      pose proof (Sum_zero_terms a _ x Pv (eq_sym V0) Hx) as E; simpl in E; apply Rmult_integral in E; destruct E as [E|E]; [rewrite E; ring|].
      apply Rmult_integral in E; destruct E as [E|E]; rewrite E; ring. }
    rewrite Z, <- V0; lra.
Qed.
End Dependent.
