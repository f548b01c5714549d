(* The methods' own theory. T21: Young's inequality for the eight divergences of FLAT, and the variational bound with equality where Young's is.
   T22: the KL-regularised reward problem is solved by the tilted policy, and the shortfall of any other is beta times its divergence from it.
   T23: gradient ascent has no floor; NPO has, and lies within beta x^2/2 of gradient ascent up to a constant. *)
Require Import Reals List Lra Psatz.
From Mari Require Import Sums Divergence T17_FastRate.
Open Scope R_scope.

Section T21.
Context {A : Type} (l : list A) (p q : A -> R).
Hypothesis Hp : nonneg p.
Hypothesis Hq : forall x, 0 < q x.

Definition D_f (f : R -> R) : R := Sum l (fun x => q x * f (p x / q x)).
Definition objective (conj : R -> R) (critic : A -> R) : R := Sum l (fun x => p x * critic x) - Sum l (fun x => q x * conj (critic x)).

Lemma objective_terms f conj critic : D_f f - objective conj critic
  = Sum l (fun x => q x * (f (p x / q x) + conj (critic x) - critic x * (p x / q x))).
Proof.
  unfold D_f, objective; rewrite <- !Sum_minus; apply Sum_ext; intros x; pose proof (Hq x); field; lra.
Qed.

Theorem T21_variational f conj critic :
  (forall x, critic x * (p x / q x) <= f (p x / q x) + conj (critic x)) -> objective conj critic <= D_f f.
Proof.
  intros Y; pose proof (objective_terms f conj critic) as E.
  assert (0 <= D_f f - objective conj critic); [rewrite E|lra].
  apply Sum_nonneg; intros x; pose proof (Hq x); specialize (Y x); apply Rmult_le_pos; lra.
Qed.

Theorem T21_equality f conj critic :
  (forall x, critic x * (p x / q x) = f (p x / q x) + conj (critic x)) -> objective conj critic = D_f f.
Proof.
  intros Y; pose proof (objective_terms f conj critic) as E.
  rewrite (Sum_ext l _ (fun _ => 0)), Sum_const0 in E; [lra|].
  intros x; specialize (Y x); rewrite Y; ring.
Qed.
End T21.

Theorem T21_young_KL t u : 0 < t -> u * t <= t * ln t + exp (u - 1).
Proof.
  intros H; pose proof (exp_ineq1_le (u - 1 - ln t)) as E.
  assert (X : exp (u - 1) = t * exp (u - 1 - ln t)).
  { rewrite <- (exp_ln t H) at 1; rewrite <- exp_plus; f_equal; ring. }
  rewrite X; assert (t * (1 + (u - 1 - ln t)) <= t * exp (u - 1 - ln t)) by (apply Rmult_le_compat_l; lra); nra.
Qed.

Theorem T21_young_reverse_KL t u : 0 < t -> u < 0 -> u * t <= - ln t + (-1 - ln (- u)).
Proof.
  intros H U; pose proof (ln_le_sub1 (t * - u) ltac:(nra)) as E; rewrite ln_mult in E by lra; lra.
Qed.

Theorem T21_young_Pearson t u : u * t <= (t - 1) * (t - 1) + (u * u / 4 + u).
Proof. pose proof (Rle_0_sqr (t - 1 - u / 2)) as E; unfold Rsqr in E; lra. Qed.

Theorem T21_young_Neyman t u : 0 < t -> u <= 1 -> u * t <= (1 - t) * (1 - t) / t + (2 - 2 * sqrt (1 - u)).
Proof.
  intros H U; set (s := sqrt (1 - u)); assert (S : s * s = 1 - u) by (apply sqrt_sqrt; lra).
  replace u with (1 - s * s) at 1 by lra.
  assert (E : (1 - t) * (1 - t) / t + (2 - 2 * s) - (1 - s * s) * t = (1 - s * t) * (1 - s * t) / t) by (field; lra).
  assert (0 <= (1 - s * t) * (1 - s * t) / t); [|lra].
  apply Rmult_le_pos; [apply Rle_0_sqr | left; apply Rinv_0_lt_compat; exact H].
Qed.

Theorem T21_young_Hellinger t u : 0 <= t -> u < 1 -> u * t <= (sqrt t - 1) * (sqrt t - 1) + u / (1 - u).
Proof.
  intros H U; set (r := sqrt t); assert (S : r * r = t) by (apply sqrt_sqrt; lra).
  rewrite <- S.
  assert (E : (r - 1) * (r - 1) + u / (1 - u) - u * (r * r) = ((1 - u) * r - 1) * ((1 - u) * r - 1) / (1 - u)) by (field; lra).
  assert (0 <= ((1 - u) * r - 1) * ((1 - u) * r - 1) / (1 - u)); [|lra].
  apply Rmult_le_pos; [apply Rle_0_sqr | left; apply Rinv_0_lt_compat; lra].
Qed.

Theorem T21_young_JS t u : 0 < t -> u < ln 2 -> u * t <= t * ln (2 * t / (1 + t)) + ln (2 / (1 + t)) + - ln (2 - exp u).
Proof.
  intros H U.
  assert (E : exp u < 2) by (rewrite <- (exp_ln 2) by lra; apply exp_increasing; exact U).
  pose proof (exp_pos u) as P.
  assert (P1 : 0 < exp u * ((1 + t) / (2 * t))) by (apply Rmult_lt_0_compat; [exact P | apply Rdiv_lt_0_compat; lra]).
  assert (P2 : 0 < (2 - exp u) * ((1 + t) / 2)) by (apply Rmult_lt_0_compat; lra).
  pose proof (ln_le_sub1 _ P1) as L1; pose proof (ln_le_sub1 _ P2) as L2.
  rewrite ln_mult in L1; [|exact P | apply Rdiv_lt_0_compat; lra]; rewrite ln_mult in L2 by lra.
  rewrite ln_exp in L1; rewrite !ln_div in L1 by lra; rewrite !ln_div in L2 by lra; rewrite !ln_div by lra.
  assert (M : t * (u + (ln (1 + t) - ln (2 * t))) <= t * (exp u * ((1 + t) / (2 * t)) - 1)) by (apply Rmult_le_compat_l; lra).
  replace (t * (exp u * ((1 + t) / (2 * t)) - 1)) with (exp u * (1 + t) / 2 - t) in M by (field; lra).
  lra.
Qed.

Theorem T21_young_TV t u : 0 <= t -> - (1 / 2) <= u <= 1 / 2 -> u * t <= / 2 * Rabs (t - 1) + u.
Proof.
  intros H U; destruct (Rle_dec 1 t) as [L|L]; [rewrite Rabs_pos_eq by lra; nra | rewrite Rabs_left by lra; nra].
Qed.

(* Jeffreys is KL + reverse KL: a value s split in two critics gives its conjugate as an infimal convolution. *)
Theorem T21_young_Jeffreys t u v : 0 < t -> v < 0 -> (u + v) * t <= (t - 1) * ln t + (exp (u - 1) + (-1 - ln (- v))).
Proof. intros H V; pose proof (T21_young_KL t u H); pose proof (T21_young_reverse_KL t v H V); lra. Qed.

Section T22.
Context {A : Type} (l : list A) (reference reward : A -> R) (beta : R).
Hypothesis Hb : 0 < beta.
Hypothesis Hr : forall x, 0 < reference x.
Definition weight (x : A) : R := reference x * exp (reward x / beta).
Definition Z : R := Sum l weight.
Definition tilted (x : A) : R := weight x / Z.
Definition value (pi : A -> R) : R := Sum l (fun x => pi x * reward x) - beta * KL l pi reference.

Theorem T22_gap pi : law l pi -> 0 < Z -> value pi = beta * ln Z - beta * KL l pi tilted.
Proof.
  intros [P0 P1] HZ; unfold value, KL.
  replace (beta * ln Z) with (Sum l (fun x => (beta * ln Z) * pi x)) by (rewrite Sum_scal, P1; ring).
  rewrite <- !Sum_scal, <- !Sum_minus; apply Sum_ext; intros x.
  pose proof (P0 x) as Px; pose proof (Hr x) as Rx.
  assert (W : 0 < weight x) by (apply Rmult_lt_0_compat; [exact Rx | apply exp_pos]).
  destruct (Req_dec (pi x) 0) as [->|N]; [rewrite !kt_0_l; ring|].
  assert (T : 0 < tilted x) by (apply Rdiv_lt_0_compat; assumption).
  rewrite !kt_pos by lra; unfold tilted; rewrite ln_div by assumption; unfold weight.
  rewrite ln_mult, ln_exp by (assumption || apply exp_pos); field; lra.
Qed.

Theorem T22_optimal pi : law l pi -> 0 < Z -> value pi <= beta * ln Z.
Proof.
  intros Hpi HZ; rewrite T22_gap by assumption.
  assert (T : forall x, 0 < tilted x) by (intros x; apply Rdiv_lt_0_compat; [apply Rmult_lt_0_compat; [apply Hr | apply exp_pos] | exact HZ]).
  assert (0 <= KL l pi tilted).
  { apply gibbs; [apply Hpi | intros x; left; apply T | intros x E; specialize (T x); lra|].
    unfold tilted; unfold Rdiv; rewrite Sum_scal_r; fold Z; rewrite Rinv_r by lra; rewrite (proj2 Hpi); lra. }
  nra.
Qed.
End T22.

Lemma ln_monotone a b : 0 < a -> a <= b -> ln a <= ln b.
Proof. intros Ha [L| ->]; [left; apply ln_increasing; assumption | lra]. Qed.

Definition NPO (beta x : R) : R := 2 / beta * ln (1 + exp (beta * x)).

Theorem T23_ascent_has_no_floor : forall floor : R, exists x, x <= 0 /\ x < floor.
Proof. intros b; exists (Rmin 0 (b - 1)); split; [apply Rmin_l | pose proof (Rmin_r 0 (b - 1)); lra]. Qed.

Theorem T23_NPO_floor beta x : 0 < beta -> 0 < NPO beta x.
Proof.
  intros H; unfold NPO; apply Rmult_lt_0_compat; [apply Rdiv_lt_0_compat; lra|].
  rewrite <- ln_1; apply ln_increasing; pose proof (exp_pos (beta * x)); lra.
Qed.

Theorem T23_NPO_is_ascent_in_the_limit beta x : 0 < beta -> x <= 0 ->
  x <= NPO beta x - 2 / beta * ln 2 <= x + beta * (x * x) / 2.
Proof.
  intros H X; set (y := beta * x).
  assert (E : NPO beta x - 2 / beta * ln 2 = 2 / beta * ln ((1 + exp y) / 2)).
  { unfold NPO; fold y; pose proof (exp_pos y); rewrite ln_div by lra; ring. }
  assert (B : 0 < 2 / beta) by (apply Rdiv_lt_0_compat; lra).
  assert (Y : 2 / beta * (y / 2) = x) by (unfold y; field; lra).
  assert (Q : 2 / beta * (y / 2 + y * y / 4) = x + beta * (x * x) / 2) by (unfold y; field; lra).
  pose proof (exp_pos y) as P; rewrite E; split.
  - rewrite <- Y at 1; apply Rmult_le_compat_l; [lra|].
    rewrite <- (ln_exp (y / 2)); apply ln_monotone; [apply exp_pos|].
    assert (D : exp y = exp (y / 2) * exp (y / 2)) by (rewrite <- exp_plus; f_equal; field).
    rewrite D; pose proof (Rle_0_sqr (exp (y / 2) - 1)) as S; unfold Rsqr in S; lra.
  - rewrite <- Q; apply Rmult_le_compat_l; [lra|].
    pose proof (ln_le_sub1 ((1 + exp y) / 2) ltac:(lra)) as L.
    assert (Y0 : y <= 0) by (unfold y; nra).
    pose proof (bregman_left y Y0); lra.
Qed.
