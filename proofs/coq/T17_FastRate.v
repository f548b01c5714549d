(* T17's two lemmas, in full. (1) The exponential-moment bound: e^{lx} - 1 - lx <= c l^2 (e^x - 1 - x) for x >= -ln 2 and 0 <= l <= 1 with
   c = (ln 2)^2/(2 ln 2 - 1), hence ln E e^{l(psi - E psi)} <= c l^2 KL for psi = ln(M/P) on a finite alphabet. (2) The convexity step:
   the plug-in divergence lies above its tangent plane at the true pair. *)
Require Import Reals List Lra Psatz.
From Mari Require Import Sums Divergence T05_Accuracy.
Open Scope R_scope.

Definition c17 : R := ln 2 * ln 2 / (2 * ln 2 - 1).

Lemma exp_tangent x : 1 + x <= exp x.
Proof. apply exp_ineq1_le. Qed.

Lemma exp_convex l x : 0 <= l <= 1 -> exp (l * x) <= (1 - l) + l * exp x.
Proof.
  intros Hl.
  assert (E1 : exp x = exp (l * x) * exp ((1 - l) * x)) by (rewrite <- exp_plus; f_equal; ring).
  assert (E2 : 1 = exp (l * x) * exp (- (l * x))) by (rewrite <- exp_plus, Rplus_opp_r; symmetry; apply exp_0).
  pose proof (exp_tangent ((1 - l) * x)); pose proof (exp_tangent (- (l * x))); pose proof (exp_pos (l * x)).
  assert (l * exp x >= l * (exp (l * x) * (1 + (1 - l) * x))) by (rewrite E1; apply Rle_ge, Rmult_le_compat_l; [lra|]; apply Rmult_le_compat_l; lra).
  assert (H3 : exp (l * x) * (1 + - (l * x)) <= exp (l * x) * exp (- (l * x))) by (apply Rmult_le_compat_l; lra).
  rewrite <- E2 in H3.
  assert (H4 : (1 - l) * (exp (l * x) * (1 + - (l * x))) <= (1 - l) * 1) by (apply Rmult_le_compat_l; lra).
  nra.
Qed.

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

(* x >= 0: the ratio is at most l^2. *)
Lemma bregman_right l x : 0 <= l <= 1 -> 0 <= x -> exp (l * x) - 1 - l * x <= l * l * (exp x - 1 - x).
Proof.
  intros Hl [Hx|<-]; [|rewrite Rmult_0_r, exp_0; lra].
  destruct (MVT_cor2 (fun u => l * l * (exp (1 * u) - 1 - 1 * u) - (exp (l * u) - 1 - l * u))
    (fun u => l * l * (exp (1 * u) * 1 - 0 - 1) - (exp (l * u) * l - 0 - l)) 0 x Hx) as [t [E Ht]].
  - intros t _; apply derivable_pt_lim_minus; [|apply derivable_bregman].
    apply (derivable_pt_lim_scal (fun u => exp (1 * u) - 1 - 1 * u)); apply derivable_bregman.
  - rewrite !Rmult_0_r, exp_0, !Rmult_1_l in E.
    pose proof (exp_convex l t Hl).
    assert (0 <= l * l * (exp t * 1 - 0 - 1) - (exp (l * t) * l - 0 - l)).
    { replace (l * l * (exp t * 1 - 0 - 1) - (exp (l * t) * l - 0 - l)) with (l * ((1 - l) + l * exp t - exp (l * t))) by ring.
      apply Rmult_le_pos; lra. }
    assert (0 <= (l * l * (exp t * 1 - 0 - 1) - (exp (l * t) * l - 0 - l)) * (x - 0)) by (apply Rmult_le_pos; lra).
    lra.
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

Definition D17 (x : R) : R := c17 * (exp x - 1 - x) - x * x / 2.

Lemma c17_pos : 0 < c17.
Proof. pose proof ln2_above; unfold c17; apply Rdiv_lt_0_compat; nra. Qed.

Lemma D17_end : D17 (- ln 2) = 0.
Proof.
  pose proof ln2_above; unfold D17, c17; rewrite exp_Ropp, exp_ln by lra; field; lra.
Qed.

Lemma D17_0 : D17 0 = 0.
Proof. unfold D17; rewrite exp_0; lra. Qed.

Definition D17' (x : R) : R := c17 * (exp (1 * x) * 1 - 0 - 1) - / 2 * (1 * x + x * 1).

Lemma D17_derivable x : derivable_pt_lim D17 x (D17' x).
Proof.
  unfold D17'.
  assert (derivable_pt_lim (fun u => c17 * (exp (1 * u) - 1 - 1 * u) - / 2 * (u * u)) x
    (c17 * (exp (1 * x) * 1 - 0 - 1) - / 2 * (1 * x + x * 1))).
  { apply derivable_pt_lim_minus.
    - apply (derivable_pt_lim_scal (fun u => exp (1 * u) - 1 - 1 * u)); apply derivable_bregman.
    - apply (derivable_pt_lim_scal (fun u => u * u)).
      apply (derivable_pt_lim_mult (fun u => u) (fun u => u)); apply derivable_pt_lim_id. }
  intros eps He; destruct (H eps He) as [d Hd]; exists d; intros u Hu0 Hu.
  specialize (Hd u Hu0 Hu).
  replace (D17 (x + u) - D17 x) with
    (c17 * (exp (1 * (x + u)) - 1 - 1 * (x + u)) - / 2 * ((x + u) * (x + u)) - (c17 * (exp (1 * x) - 1 - 1 * x) - / 2 * (x * x))); [exact Hd|].
  unfold D17; rewrite !Rmult_1_l; lra.
Qed.

Lemma D17'_derivable x : derivable_pt_lim D17' x (c17 * exp x - 1).
Proof.
  assert (H : derivable_pt_lim (fun u => c17 * (exp u - 1) - u) x (c17 * (exp x - 0) - 1)).
  { apply derivable_pt_lim_minus; [|apply derivable_pt_lim_id].
    apply (derivable_pt_lim_scal (fun u => exp u - 1)).
    apply derivable_pt_lim_minus; [apply derivable_pt_lim_exp | apply derivable_pt_lim_const]. }
  intros eps He; destruct (H eps He) as [d Hd]; exists d; intros u Hu0 Hu.
  specialize (Hd u Hu0 Hu).
  replace (D17' (x + u) - D17' x) with (c17 * (exp (x + u) - 1) - (x + u) - (c17 * (exp x - 1) - x))
    by (unfold D17'; rewrite !Rmult_1_l; lra).
  replace (c17 * exp x - 1) with (c17 * (exp x - 0) - 1) by ring; exact Hd.
Qed.

(* Concave left of -ln c, convex right of it; zero at both ends of [-ln 2, 0]; flat at 0. *)
Lemma D17_nonneg x : - ln 2 <= x <= 0 -> 0 <= D17 x.
Proof.
  intros [Hl Hr].
  pose proof c17_pos as C0.
  destruct (Req_dec x (- ln 2)) as [->|N1]; [rewrite D17_end; lra|].
  destruct (Req_dec x 0) as [->|N0]; [rewrite D17_0; lra|].
  destruct (Rle_or_lt 0 (D17 x)) as [|Neg]; [assumption|exfalso].
  (* D17 falls somewhere left of x and rises somewhere right of it. *)
  destruct (MVT_cor2 D17 D17' (- ln 2) x ltac:(lra)) as [a [Ea Ha]]; [intros; apply D17_derivable|].
  destruct (MVT_cor2 D17 D17' x 0 ltac:(lra)) as [b [Eb Hb]]; [intros; apply D17_derivable|].
  rewrite D17_end in Ea; rewrite D17_0 in Eb.
  assert (Da : D17' a < 0) by nra.
  assert (Db : 0 < D17' b) by nra.
  (* So the second derivative is positive between them, hence everywhere right of there, and D17' would be positive at 0. *)
  destruct (MVT_cor2 D17' (fun u => c17 * exp u - 1) a b ltac:(lra)) as [m [Em Hm]]; [intros; apply D17'_derivable|].
  assert (0 < c17 * exp m - 1) by nra.
  destruct (MVT_cor2 D17' (fun u => c17 * exp u - 1) b 0 ltac:(lra)) as [n [En Hn]]; [intros; apply D17'_derivable|].
  assert (exp m < exp n) by (apply exp_increasing; lra).
  assert (0 < c17 * exp n - 1) by nra.
  assert (Z : D17' 0 = 0) by (unfold D17'; rewrite Rmult_0_r, exp_0; lra).
  rewrite Z in En; nra.
Qed.

Lemma c17_at_least_1 : 1 <= c17.
Proof.
  pose proof ln2_above; unfold c17.
  apply Rmult_le_reg_r with (2 * ln 2 - 1); [lra|].
  replace (ln 2 * ln 2 / (2 * ln 2 - 1) * (2 * ln 2 - 1)) with (ln 2 * ln 2) by (field; lra).
  pose proof (Rle_0_sqr (ln 2 - 1)); unfold Rsqr in *; lra.
Qed.

Theorem T17_moment_pointwise l x : 0 <= l <= 1 -> - ln 2 <= x -> exp (l * x) - 1 - l * x <= c17 * (l * l) * (exp x - 1 - x).
Proof.
  intros Hl Hx; pose proof c17_at_least_1; pose proof (exp_tangent x).
  destruct (Rle_or_lt 0 x) as [P|N].
  - eapply Rle_trans; [apply bregman_right; assumption|].
    assert (0 <= l * l * (exp x - 1 - x)) by (apply Rmult_le_pos; nra).
    nra.
  - pose proof (D17_nonneg x ltac:(lra)) as D; unfold D17 in D.
    assert (l * x <= 0) by nra.
    pose proof (bregman_left (l * x) H1).
    replace (l * x * (l * x) / 2) with (l * l * (x * x / 2)) in H2 by field.
    assert (l * l * (x * x / 2) <= l * l * (c17 * (exp x - 1 - x))) by (apply Rmult_le_compat_l; nra).
    nra.
Qed.

(* At x = -ln 2 the constant cannot be lowered as l -> 0; at l -> 0 the left side is l^2 x^2/2 and D17 vanishes there. *)
Theorem T17_constant_is_attained : c17 * (exp (- ln 2) - 1 - - ln 2) = - ln 2 * - ln 2 / 2.
Proof. pose proof D17_end as E; unfold D17 in E; lra. Qed.

Section Moment.
Context {A : Type} (a : list A) (p psi : A -> R).
Hypothesis Hp : law a p.
Hypothesis Hpsi : forall x, - ln 2 <= psi x.
Hypothesis Hmass : Sum a (fun x => p x * exp (psi x)) <= 1.
Definition K := - Sum a (fun x => p x * psi x).

Theorem T17_exponential_moment l : 0 <= l <= 1 -> ln (Sum a (fun x => p x * exp (l * psi x))) + l * K <= c17 * (l * l) * K.
Proof.
  intros Hl.
  assert (B : Sum a (fun x => p x * exp (l * psi x)) <= 1 - l * K + c17 * (l * l) * K).
  { apply Rle_trans with (Sum a (fun x => p x + l * (p x * psi x) + c17 * (l * l) * (p x * exp (psi x) - p x - p x * psi x))).
    - apply Sum_le; intros x; pose proof (T17_moment_pointwise l (psi x) Hl (Hpsi x)); pose proof (proj1 Hp x).
      assert (p x * (exp (l * psi x) - 1 - l * psi x) <= p x * (c17 * (l * l) * (exp (psi x) - 1 - psi x))) by (apply Rmult_le_compat_l; assumption).
      lra.
    - rewrite !Sum_plus, !Sum_scal, !Sum_minus, (proj2 Hp); unfold K.
      pose proof c17_pos; assert (0 <= c17 * (l * l)) by nra.
      assert (c17 * (l * l) * (Sum a (fun x => p x * exp (psi x)) - 1) <= 0) by nra.
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
