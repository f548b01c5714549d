(* T4: the square root of the divergence is a metric. One symbol: for p < r < q the sum of the two square roots, as a function of r, first
   rises and then falls (its slope is a decreasing function over a positive one), so it is least at an end, where it is the direct distance;
   outside [p, q] convexity does it. All symbols together: Minkowski. T13 (rounds add up in square root) and T14 (three steps to the
   oracle) follow, with nothing left to assume. *)
Require Import Reals List Lra Psatz.
From Mari Require Import Sums Divergence T02_Range T05_Accuracy.
Import ListNotations.
Open Scope R_scope.

Notation dl := derivable_pt_lim.

Lemma d_eq f x a b : dl f x a -> a = b -> dl f x b.
Proof. intros H <-; exact H. Qed.
Lemma d_ext f h x a : (forall u, f u = h u) -> dl f x a -> dl h x a.
Proof. intros E H eps He; destruct (H eps He) as [d P]; exists d; intros y; rewrite <- !E; apply P. Qed.
Lemma d_const (c x : R) : dl (fun _ => c) x 0.
Proof. apply derivable_pt_lim_const. Qed.
Lemma d_id x : dl (fun u => u) x 1.
Proof. apply derivable_pt_lim_id. Qed.
Lemma d_plus f h x a b : dl f x a -> dl h x b -> dl (fun u => f u + h u) x (a + b).
Proof. apply (derivable_pt_lim_plus f h). Qed.
Lemma d_minus f h x a b : dl f x a -> dl h x b -> dl (fun u => f u - h u) x (a - b).
Proof. apply (derivable_pt_lim_minus f h). Qed.
Lemma d_mult f h x a b : dl f x a -> dl h x b -> dl (fun u => f u * h u) x (a * h x + f x * b).
Proof. apply (derivable_pt_lim_mult f h). Qed.
Lemma d_ln f x a : 0 < f x -> dl f x a -> dl (fun u => ln (f u)) x (/ f x * a).
Proof. intros Hf H; apply (derivable_pt_lim_comp f ln x a (/ f x) H (derivable_pt_lim_ln (f x) Hf)). Qed.
Lemma d_sqrt f x a : 0 < f x -> dl f x a -> dl (fun u => sqrt (f u)) x (/ (2 * sqrt (f x)) * a).
Proof. intros Hf H; apply (derivable_pt_lim_comp f sqrt x a _ H (derivable_pt_lim_sqrt (f x) Hf)). Qed.
Lemma d_div f h x a b : h x <> 0 -> dl f x a -> dl h x b -> dl (fun u => f u / h u) x ((a * h x - b * f x) / Rsqr (h x)).
Proof. intros Hh Hf H; apply (derivable_pt_lim_div f h x a b Hf H Hh). Qed.

Ltac d_op := match goal with
  | |- derivable_pt_lim (fun _ => ?c) _ _ => apply d_const
  | |- derivable_pt_lim (fun u => u) _ _ => apply d_id
  | |- derivable_pt_lim (fun u => @?f u - @?h u) _ _ => eapply (d_minus f h); cbv beta
  | |- derivable_pt_lim (fun u => @?f u + @?h u) _ _ => eapply (d_plus f h); cbv beta
  | |- derivable_pt_lim (fun u => @?f u * @?h u) _ _ => eapply (d_mult f h); cbv beta
  | |- derivable_pt_lim (fun u => @?f u / @?h u) _ _ => eapply (d_div f h); cbv beta
  | |- derivable_pt_lim (fun u => ln (@?f u)) _ _ => eapply (d_ln f); cbv beta
  | |- derivable_pt_lim (fun u => sqrt (@?f u)) _ _ => eapply (d_sqrt f); cbv beta
  end.
Ltac derive := repeat d_op.

(* One symbol against 1. *)
Definition la (x : R) : R := ln 2 - ln (1 + x).
Definition lb (x : R) : R := ln x + la x.
Definition l1 (x : R) : R := x * lb x + la x.

Lemma la_d x : 0 < x -> dl la x (- / (1 + x)).
Proof. intros H; unfold la; eapply d_eq; [derive; lra | cbv beta; field; lra]. Qed.
Lemma lb_d x : 0 < x -> dl lb x (/ (x * (1 + x))).
Proof. intros H; unfold lb; eapply d_eq; [d_op; [derive; lra | apply la_d; lra] | field; lra]. Qed.
Lemma l1_d x : 0 < x -> dl l1 x (lb x).
Proof.
  intros H; unfold l1; eapply d_eq; [d_op; [d_op; [apply d_id | apply lb_d; lra] | apply la_d; lra]|].
  field; lra.
Qed.

Lemma la_sign x : 0 < x -> (x < 1 -> 0 < la x) /\ (1 < x -> la x < 0).
Proof.
  intros H; unfold la; split; intros L.
  - assert (ln (1 + x) < ln 2) by (apply ln_increasing; lra); lra.
  - assert (ln 2 < ln (1 + x)) by (apply ln_increasing; lra); lra.
Qed.
Lemma lb_sign x : 0 < x -> (x < 1 -> lb x < 0) /\ (1 < x -> 0 < lb x).
Proof.
  intros H; unfold lb, la; split; intros L.
  - assert (ln (x * 2) < ln (1 + x)) by (apply ln_increasing; lra); rewrite ln_mult in * by lra; lra.
  - assert (ln (1 + x) < ln (x * 2)) by (apply ln_increasing; lra); rewrite ln_mult in * by lra; lra.
Qed.
Lemma la_1 : la 1 = 0.
Proof. unfold la; replace (1 + 1) with 2 by ring; ring. Qed.
Lemma lb_1 : lb 1 = 0.
Proof. unfold lb; rewrite la_1, ln_1; ring. Qed.
Lemma l1_1 : l1 1 = 0.
Proof. unfold l1; rewrite la_1, lb_1; ring. Qed.

(* f vanishes at 1: the mean value theorem between 1 and x. *)
Lemma mean_below f f' x : 0 < x < 1 -> f 1 = 0 -> (forall c, 0 < c -> dl f c (f' c)) ->
  exists c, x < c < 1 /\ f x = - (f' c * (1 - x)).
Proof.
  intros Hx F D; destruct (MVT_cor2 f f' x 1) as [c [E C]]; [lra | intros c C; apply D; lra|].
  exists c; split; [exact C | rewrite F in E; lra].
Qed.
Lemma mean_above f f' x : 1 < x -> f 1 = 0 -> (forall c, 0 < c -> dl f c (f' c)) ->
  exists c, 1 < c < x /\ f x = f' c * (x - 1).
Proof.
  intros Hx F D; destruct (MVT_cor2 f f' 1 x) as [c [E C]]; [lra | intros c C; apply D; lra|].
  exists c; split; [exact C | rewrite F in E; lra].
Qed.

Lemma l1_pos x : 0 < x -> x <> 1 -> 0 < l1 x.
Proof.
  intros H N; destruct (Rlt_dec x 1) as [L|L].
  - destruct (mean_below l1 lb x) as [c [C E]]; [lra | exact l1_1 | apply l1_d|].
    rewrite E; destruct (lb_sign c) as [S _]; [lra|]; specialize (S (proj2 C)); nra.
  - destruct (mean_above l1 lb x) as [c [C E]]; [lra | exact l1_1 | apply l1_d|].
    rewrite E; destruct (lb_sign c) as [_ S]; [lra|]; specialize (S (proj1 C)); nra.
Qed.

(* The numerator of the slope's derivative and its own two derivatives. *)
Definition num (x : R) : R := 2 * l1 x + (1 + x) * (la x * lb x).
Definition num' (x : R) : R := lb x + la x * lb x + la x * / x.
Definition num'' (x : R) : R := - (lb x + la x / (x * x)) / (1 + x).

Lemma d_inv x : 0 < x -> dl (fun u => / u) x (- / (x * x)).
Proof.
  intros H; apply (d_ext (fun u => 1 / u)); [intros u; unfold Rdiv; ring|].
  eapply d_eq; [derive; lra | unfold Rsqr; field; lra].
Qed.

Lemma num_d x : 0 < x -> dl num x (num' x).
Proof.
  intros H; unfold num; eapply d_eq.
  - d_op; [d_op; [apply d_const | apply l1_d; lra]|].
    d_op; [d_op; [apply d_const | apply d_id] | d_op; [apply la_d; lra | apply lb_d; lra]].
  - unfold num', l1; field; lra.
Qed.
Lemma num'_d x : 0 < x -> dl num' x (num'' x).
Proof.
  intros H; unfold num'; eapply d_eq.
  - d_op; [d_op; [apply lb_d; lra | d_op; [apply la_d; lra | apply lb_d; lra]]|].
    d_op; [apply la_d; lra | apply d_inv; lra].
  - unfold num''; field; lra.
Qed.
Lemma num_1 : num 1 = 0.
Proof. unfold num; rewrite l1_1, la_1; ring. Qed.
Lemma num'_1 : num' 1 = 0.
Proof. unfold num'; rewrite la_1, lb_1; ring. Qed.

Lemma num''_neg x : 0 < x -> x <> 1 -> num'' x < 0.
Proof.
  intros H N; pose proof (l1_pos x H N) as P.
  assert (E : 0 < x * x * lb x + la x).
  { unfold l1 in P; destruct (lb_sign x H) as [B A]; destruct (Rlt_dec x 1) as [L|L].
    - specialize (B L); assert (0 < x * (1 - x) * - lb x) by (apply Rmult_lt_0_compat; nra); nra.
    - assert (1 < x) by lra; specialize (A H0); assert (0 < x * (x - 1) * lb x) by (apply Rmult_lt_0_compat; nra); nra. }
  unfold num''; replace (- (lb x + la x / (x * x)) / (1 + x)) with (- ((x * x * lb x + la x) / (x * x * (1 + x)))) by (field; lra).
  apply Ropp_lt_gt_0_contravar, Rdiv_lt_0_compat; [exact E | nra].
Qed.

Lemma num_neg x : 0 < x -> x <> 1 -> num x < 0.
Proof.
  intros H N; destruct (Rlt_dec x 1) as [L|L].
  - destruct (mean_below num num' x) as [c [C E]]; [lra | exact num_1 | apply num_d|].
    destruct (mean_below num' num'' c) as [e [C' E']]; [lra | exact num'_1 | apply num'_d|].
    assert (num'' e < 0) by (apply num''_neg; lra); rewrite E, E'; assert (0 < (1 - c) * (1 - x)) by nra; nra.
  - destruct (mean_above num num' x) as [c [C E]]; [lra | exact num_1 | apply num_d|].
    destruct (mean_above num' num'' c) as [e [C' E']]; [lra | exact num'_1 | apply num'_d|].
    assert (num'' e < 0) by (apply num''_neg; lra); rewrite E, E'; assert (0 < (c - 1) * (x - 1)) by nra; nra.
Qed.

(* The slope of the square root, up to a positive factor: increasing on either side of 1. *)
Definition slope (x : R) : R := la x / sqrt (l1 x).

Lemma slope_d x : 0 < x -> x <> 1 -> dl slope x (- num x / (2 * (1 + x) * (sqrt (l1 x) * l1 x))).
Proof.
  intros H N; pose proof (l1_pos x H N) as P; pose proof (sqrt_lt_R0 _ P) as S; unfold slope; eapply d_eq.
  - d_op; [lra | apply la_d; lra | d_op; [exact P | apply l1_d; lra]].
  - unfold num; set (s := sqrt (l1 x)) in *; assert (E : l1 x = s * s) by (unfold s; rewrite sqrt_sqrt; lra).
    unfold Rsqr; rewrite E; field; lra.
Qed.

Lemma slope_increasing x y : 0 < x < y -> (y < 1 \/ 1 < x) -> slope x < slope y.
Proof.
  intros H O.
  destruct (MVT_cor2 slope (fun x => - num x / (2 * (1 + x) * (sqrt (l1 x) * l1 x))) x y) as [c [E C]];
    [lra | intros c C; apply slope_d; [lra | destruct O; lra]|].
  assert (N : c <> 1) by (destruct O; lra).
  pose proof (l1_pos c ltac:(lra) N) as P; pose proof (sqrt_lt_R0 _ P) as S; pose proof (num_neg c ltac:(lra) N) as M.
  assert (0 < - num c / (2 * (1 + c) * (sqrt (l1 c) * l1 c))).
  { apply Rdiv_lt_0_compat; [lra|]; apply Rmult_lt_0_compat; [lra | apply Rmult_lt_0_compat; assumption]. }
  nra.
Qed.

(* Two masses: 2 G a b, written out; 0 ln 0 = 0 holds by itself. *)
Definition ell (a b : R) : R := a * ln a + b * ln b - (a + b) * ln ((a + b) / 2).

Lemma ell_G a b : 0 <= a -> 0 <= b -> G a b = ell a b / 2.
Proof.
  intros Ha Hb; unfold G, g, ell.
  replace (mid (1 / 2) a b) with ((a + b) / 2) by (unfold mid; field).
  assert (K : forall x, 0 <= x -> 0 <= (a + b) / 2 -> (x = 0 \/ 0 < (a + b) / 2) -> kt x ((a + b) / 2) = x * ln x - x * ln ((a + b) / 2)).
  { intros x Hx Hm [->|P]; [rewrite kt_0_l; ring|].
    destruct (Req_dec x 0) as [->|N]; [rewrite kt_0_l; ring | rewrite kt_pos by lra; ring]. }
  rewrite !K; try lra; destruct (Req_dec a 0); destruct (Req_dec b 0); subst; (left; reflexivity) || (right; lra).
Qed.

Lemma ell_scale p r : 0 <= p -> 0 < r -> 0 < p -> ell p r = r * l1 (p / r).
Proof.
  intros Hp Hr P; unfold ell, l1, lb, la.
  replace (1 + p / r) with ((p + r) / r) by (field; lra).
  rewrite !ln_div by lra; field; lra.
Qed.

Lemma ell_zero r : 0 < r -> ell 0 r = r * ln 2.
Proof. intros H; unfold ell; rewrite Rplus_0_l, ln_div by lra; ring. Qed.

Lemma ell_pos p r : 0 <= p -> 0 < r -> p <> r -> 0 < ell p r.
Proof.
  intros Hp Hr N; destruct (Req_dec p 0) as [->|Z].
  - rewrite ell_zero by exact Hr; pose proof ln2_at_least_half; nra.
  - rewrite ell_scale by lra; apply Rmult_lt_0_compat; [exact Hr | apply l1_pos].
    + apply Rdiv_lt_0_compat; lra.
    + intros E; apply N; replace p with (p / r * r) by (field; lra); rewrite E; ring.
Qed.

Definition pull (p r : R) : R := ln 2 + ln r - ln (p + r).

Lemma ell_d p r : 0 <= p -> 0 < r -> dl (ell p) r (pull p r).
Proof.
  intros Hp Hr.
  assert (E : dl (fun u => p * ln p + u * ln u - (p + u) * ln ((p + u) * / 2)) r (pull p r)).
  { eapply d_eq.
    - d_op; [d_op; [apply d_const | d_op; [apply d_id | d_op; [lra | apply d_id]]]|].
      d_op; [d_op; [apply d_const | apply d_id]|].
      d_op; [lra|]; d_op; [d_op; [apply d_const | apply d_id] | apply d_const].
    - unfold pull; change ((p + r) * / 2) with ((p + r) / 2); rewrite (ln_div (p + r) 2) by lra; field; lra. }
  exact E.
Qed.

(* sqrt r times the slope in r: a function of p / r. *)
Definition rise (p r : R) : R := pull p r / sqrt (ell p r).

Lemma rise_slope p r : 0 < p -> 0 < r -> p <> r -> sqrt r * rise p r = slope (p / r).
Proof.
  intros Hp Hr N; unfold rise, slope; rewrite ell_scale by lra.
  assert (Q : 0 < p / r) by (apply Rdiv_lt_0_compat; lra).
  assert (L : 0 < l1 (p / r)).
  { apply l1_pos; [exact Q|]; intros E; apply N; replace p with (p / r * r) by (field; lra); rewrite E; ring. }
  rewrite sqrt_mult by lra; pose proof (sqrt_lt_R0 _ Hr); pose proof (sqrt_lt_R0 _ L).
  replace (pull p r) with (la (p / r)); [field; lra|].
  unfold la, pull; replace (1 + p / r) with ((p + r) / r) by (field; lra); rewrite ln_div by lra; ring.
Qed.

Lemma rise_zero r : 0 < r -> sqrt r * rise 0 r = ln 2 / sqrt (ln 2).
Proof.
  intros Hr; unfold rise, pull; rewrite ell_zero, Rplus_0_l by exact Hr; pose proof ln2_at_least_half.
  rewrite sqrt_mult by lra; pose proof (sqrt_lt_R0 _ Hr); assert (0 < sqrt (ln 2)) by (apply sqrt_lt_R0; lra).
  field; lra.
Qed.

Lemma rise_decreasing p r s : 0 <= p -> 0 < r < s -> (p < r \/ s < p) -> sqrt s * rise p s <= sqrt r * rise p r.
Proof.
  intros Hp H O; destruct (Req_dec p 0) as [->|Z]; [rewrite !rise_zero by lra; lra|].
  rewrite !rise_slope by (lra || (destruct O; lra)).
  left; apply slope_increasing.
  - split; [apply Rdiv_lt_0_compat; lra | apply Rmult_lt_compat_l; [lra | apply Rinv_lt_contravar; nra]].
  - destruct O as [O|O]; [left | right].
    + apply Rmult_lt_reg_r with r; [lra | replace (p / r * r) with p by (field; lra); lra].
    + apply Rmult_lt_reg_r with s; [lra | replace (p / s * s) with p by (field; lra); lra].
Qed.

(* Moving an end by d costs little. *)
Lemma ell_right_end p q d : 0 <= p -> 0 < q -> 0 < d -> ell p (q + d) <= ell p q + d * ln 2.
Proof.
  intros Hp Hq Hd.
  pose proof (g_subadditive2 (1 / 2) half_in p q 0 d) as S; fold (G (p + 0) (q + d)) (G p q) (G 0 d) in S.
  rewrite Rplus_0_r in S; rewrite (G_swap 0 d), G_zero_r in S by lra.
  rewrite !ell_G in S by lra; specialize (S Hp ltac:(lra) ltac:(lra) ltac:(lra)); lra.
Qed.

Lemma minus_x_ln_x d : 0 < d -> - (d * ln d) <= 2 * sqrt d.
Proof.
  intros H; pose proof (sqrt_lt_R0 _ H) as S.
  assert (E : ln d = 2 * ln (sqrt d)).
  { rewrite <- (sqrt_sqrt d) at 1 by lra; rewrite ln_mult by lra; ring. }
  pose proof (ln_le_sub1 (/ sqrt d) ltac:(apply Rinv_0_lt_compat; exact S)) as L; rewrite ln_Rinv in L by exact S.
  assert (D : d = sqrt d * sqrt d) by (rewrite sqrt_sqrt; lra).
  assert (sqrt d * / sqrt d = 1) by (field; lra).
  assert (sqrt d * - ln (sqrt d) <= sqrt d * (/ sqrt d - 1)) by (apply Rmult_le_compat_l; lra).
  rewrite E; nra.
Qed.

Lemma ell_left_end p q d : 0 <= p -> 0 < q -> 0 < d < 1 -> ell p q <= ell (p + d) q + (2 + 2 + (p + d + q)) * sqrt d.
Proof.
  intros Hp Hq Hd; pose proof (sqrt_lt_R0 d ltac:(lra)) as S.
  assert (D : sqrt d * sqrt d = d) by (apply sqrt_sqrt; lra).
  assert (S1 : sqrt d < 1) by nra.
  assert (dS : d < sqrt d) by nra.
  assert (A : p * ln p + d * ln d <= (p + d) * ln (p + d)).
  { assert (d * ln d <= d * ln (p + d)).
    { apply Rmult_le_compat_l; [lra|]; destruct (Req_dec p 0) as [->|]; [rewrite Rplus_0_l; lra | left; apply ln_increasing; lra]. }
    assert (p * ln p <= p * ln (p + d)).
    { destruct (Req_dec p 0) as [->|]; [lra | apply Rmult_le_compat_l; [lra | left; apply ln_increasing; lra]]. }
    lra. }
  pose proof (minus_x_ln_x d ltac:(lra)) as X.
  set (m := (p + q) / 2); set (m' := (p + d + q) / 2).
  assert (M : 0 < m) by (unfold m; lra).
  assert (M' : 0 < m') by (unfold m'; lra).
  assert (B : ln m' - ln m <= d / (p + q)).
  { pose proof (ln_le_sub1 (m' / m) ltac:(apply Rdiv_lt_0_compat; assumption)) as L; rewrite ln_div in L by assumption.
    replace (m' / m - 1) with (d / (p + q)) in L by (unfold m, m'; field; lra); exact L. }
  assert (C : (p + q) * (ln m' - ln m) <= d).
  { replace d with ((p + q) * (d / (p + q))) by (field; lra); apply Rmult_le_compat_l; lra. }
  pose proof (ln_le_sub1 m' M') as L'.
  unfold ell; fold m; replace ((p + d + q) / 2) with m' by reflexivity.
  assert (d * ln m' <= d * (m' - 1)) by (apply Rmult_le_compat_l; lra).
  assert (d * m' <= sqrt d * m') by (apply Rmult_le_compat_r; lra).
  assert (0 < sqrt d * m') by nra.
  assert (E : (p + d + q) * ln m' = (p + q) * ln m + (p + q) * (ln m' - ln m) + d * ln m') by ring.
  assert (F : (2 + 2 + (p + d + q)) * sqrt d = 4 * sqrt d + 2 * (sqrt d * m')) by (unfold m'; field).
  rewrite E, F; nra.
Qed.

Definition dist (a b : R) : R := sqrt (ell a b).

(* A small d with (4 + k) sqrt d below a given gap. *)
Lemma small_enough k e top : 0 <= k -> 0 < e -> 0 < top -> exists d, 0 < d < 1 /\ d < top /\ k * sqrt d < e /\ k * d < e.
Proof.
  intros Hk He Ht.
  set (x := Rmin (/ 2) (Rmin (top / 2) (e / (k + 1) / 2))).
  assert (X : 0 < x).
  { unfold x; repeat apply Rmin_glb_lt; try lra; apply Rdiv_lt_0_compat; [|lra]; apply Rdiv_lt_0_compat; lra. }
  assert (X1 : x <= / 2) by apply Rmin_l.
  assert (X2 : x <= top / 2) by (unfold x; eapply Rle_trans; [apply Rmin_r | apply Rmin_l]).
  assert (X3 : x <= e / (k + 1) / 2) by (unfold x; eapply Rle_trans; [apply Rmin_r | apply Rmin_r]).
  assert (Y : x * (k + 1) <= e / 2).
  { replace (e / 2) with (e / (k + 1) / 2 * (k + 1)) by (field; lra); apply Rmult_le_compat_r; lra. }
  exists (x * x); rewrite (sqrt_square x) by lra; repeat split; nra.
Qed.

Lemma between p r q : 0 <= p -> p < r < q -> dist p q <= dist p r + dist r q.
Proof.
  intros Hp H; unfold dist.
  set (F := fun u => sqrt (ell p u) + sqrt (ell q u)).
  assert (Sym : forall a b, ell a b = ell b a) by (intros a b; unfold ell; replace (b + a) with (a + b) by ring; ring).
  assert (F' : forall u, p < u < q -> dl F u (/ 2 * (rise p u + rise q u))).
  { intros u U; unfold F; eapply d_eq.
    - d_op; (d_op; [apply ell_pos; lra | apply ell_d; lra]).
    - unfold rise; assert (0 < sqrt (ell p u)) by (apply sqrt_lt_R0, ell_pos; lra).
      assert (0 < sqrt (ell q u)) by (apply sqrt_lt_R0, ell_pos; lra); field; lra. }
  rewrite (Sym r q); fold (F r).
  destruct (Rle_dec (sqrt (ell p q)) (F r)) as [|N]; [assumption | exfalso; apply Rnot_le_lt in N].
  assert (P0 : 0 <= F r) by (unfold F; pose proof (sqrt_pos (ell p r)); pose proof (sqrt_pos (ell q r)); lra).
  pose proof (ell_pos p q Hp ltac:(lra) ltac:(lra)) as Lpq.
  assert (Gap : 0 < ell p q - F r * F r).
  { assert (sqrt (ell p q) * sqrt (ell p q) = ell p q) by (apply sqrt_sqrt; lra); nra. }
  assert (High : forall v, ell p q - v < ell p q -> F r * F r < ell p q - v -> forall z, ell p q - v <= z -> F r < sqrt z).
  { intros v _ V z Z; rewrite <- (sqrt_square (F r)) by exact P0; apply sqrt_lt_1; nra. }
  destruct (small_enough (4 + (r + q)) (ell p q - F r * F r) (r - p)) as [d [D1 [D2 [D3 _]]]]; try lra.
  destruct (small_enough (ln 2) (ell p q - F r * F r) (q - r)) as [e [E1 [E2 [_ E3]]]]; try lra; [pose proof ln2_at_least_half; lra|].
  assert (Left : F r < F (p + d)).
  { pose proof (ell_left_end p q d Hp ltac:(lra) D1) as L.
    assert (S : 0 < sqrt d) by (apply sqrt_lt_R0; lra).
    assert ((2 + 2 + (p + d + q)) * sqrt d <= (4 + (r + q)) * sqrt d) by (apply Rmult_le_compat_r; lra).
    apply Rlt_le_trans with (sqrt (ell q (p + d))).
    - rewrite (Sym q (p + d)); apply (High ((4 + (r + q)) * sqrt d)); nra.
    - unfold F; pose proof (sqrt_pos (ell p (p + d))); lra. }
  assert (Right : F r < F (q - e)).
  { pose proof (ell_right_end p (q - e) e Hp ltac:(lra) ltac:(lra)) as L; replace (q - e + e) with q in L by ring.
    apply Rlt_le_trans with (sqrt (ell p (q - e))).
    - pose proof ln2_at_least_half; apply (High (ln 2 * e)); nra.
    - unfold F; pose proof (sqrt_pos (ell q (q - e))); lra. }
  destruct (MVT_cor2 F (fun u => / 2 * (rise p u + rise q u)) (p + d) r) as [c1 [V1 C1]]; [lra | intros; apply F'; lra|].
  destruct (MVT_cor2 F (fun u => / 2 * (rise p u + rise q u)) r (q - e)) as [c2 [V2 C2]]; [lra | intros; apply F'; lra|].
  assert (N1 : rise p c1 + rise q c1 < 0).
  { apply Rnot_le_lt; intros Z; assert (0 <= / 2 * (rise p c1 + rise q c1) * (r - (p + d))) by (apply Rmult_le_pos; lra); lra. }
  assert (N2 : 0 < rise p c2 + rise q c2).
  { apply Rnot_le_lt; intros Z; assert (0 <= - (/ 2 * (rise p c2 + rise q c2)) * (q - e - r)) by (apply Rmult_le_pos; lra); lra. }
  pose proof (rise_decreasing p c1 c2 Hp ltac:(lra) ltac:(left; lra)).
  pose proof (rise_decreasing q c1 c2 ltac:(lra) ltac:(lra) ltac:(right; lra)).
  assert (0 < sqrt c1) by (apply sqrt_lt_R0; lra); assert (0 < sqrt c2) by (apply sqrt_lt_R0; lra).
  assert (0 < sqrt c2 * (rise p c2 + rise q c2)) by (apply Rmult_lt_0_compat; lra).
  assert (0 < sqrt c1 * - (rise p c1 + rise q c1)) by (apply Rmult_lt_0_compat; lra).
  lra.
Qed.

(* Outside [p, q]: the divergence grows with the gap. *)
Lemma ell_nonneg a b : 0 <= a -> 0 <= b -> 0 <= ell a b.
Proof. intros Ha Hb; pose proof (g_nonneg (1 / 2) half_in a b Ha Hb) as N; fold (G a b) in N; rewrite ell_G in N by lra; lra. Qed.

Lemma ell_same a : 0 <= a -> ell a a = 0.
Proof. intros H; unfold ell; replace ((a + a) / 2) with a by field; ring. Qed.

Lemma ell_sym a b : ell a b = ell b a.
Proof. unfold ell; replace (b + a) with (a + b) by ring; ring. Qed.

Lemma ell_toward a b c : 0 <= a -> 0 <= c -> (a <= b <= c \/ c <= b <= a) -> ell b c <= ell a c.
Proof.
  intros Ha Hc O; destruct (Req_dec a c) as [->|N].
  { replace b with c by (destruct O; lra); lra. }
  set (t := (b - c) / (a - c)).
  assert (T : 0 <= t <= 1).
  { unfold t; destruct O as [O|O].
    - replace ((b - c) / (a - c)) with ((c - b) / (c - a)) by (field; lra).
      split; [apply Rmult_le_pos; [lra | left; apply Rinv_0_lt_compat; lra]|].
      apply Rmult_le_reg_r with (c - a); [lra | replace ((c - b) / (c - a) * (c - a)) with (c - b) by (field; lra); lra].
    - assert (0 < a - c) by lra; split; [apply Rmult_le_pos; [lra | left; apply Rinv_0_lt_compat; lra]|].
      apply Rmult_le_reg_r with (a - c); [lra | replace ((b - c) / (a - c) * (a - c)) with (b - c) by (field; lra); lra]. }
  assert (B : b = t * a + (1 - t) * c) by (unfold t; field; lra).
  pose proof (g_subadditive2 (1 / 2) half_in (t * a) (t * c) ((1 - t) * c) ((1 - t) * c)) as S.
  assert (0 <= t * a) by (apply Rmult_le_pos; lra); assert (0 <= t * c) by (apply Rmult_le_pos; lra).
  assert (0 <= (1 - t) * c) by (apply Rmult_le_pos; lra).
  specialize (S ltac:(lra) ltac:(lra) ltac:(lra) ltac:(lra)).
  rewrite g_same, (g_hom (1 / 2) half_in t a c) in S by lra; rewrite <- B in S.
  replace (t * c + (1 - t) * c) with c in S by ring.
  fold (G b c) (G a c) in S; rewrite !ell_G in S by (lra || (destruct O; lra)).
  pose proof (ell_nonneg a c Ha Hc); nra.
Qed.

Theorem T4_one_symbol a b c : 0 <= a -> 0 <= b -> 0 <= c -> dist a c <= dist a b + dist b c.
Proof.
  intros Ha Hb Hc.
  assert (Z : forall x y, 0 <= dist x y) by (intros; apply sqrt_pos).
  assert (Sym : forall x y, dist x y = dist y x) by (intros x y; unfold dist; rewrite ell_sym; reflexivity).
  assert (Near : forall x y z, 0 <= x -> 0 <= z -> (x <= y <= z \/ z <= y <= x) -> dist y z <= dist x z).
  { intros x y z Hx Hz O; apply sqrt_le_1; [apply ell_nonneg; destruct O; lra | apply ell_nonneg; lra | apply ell_toward; assumption]. }
  assert (Ord : forall x y z, 0 <= x -> 0 <= y -> x <= z -> dist x z <= dist x y + dist y z).
  { intros x y z Hx Hy L; pose proof (Z x y); pose proof (Z y z).
    destruct (Rle_dec y x) as [D|D]; [pose proof (Near y x z Hy ltac:(lra) ltac:(left; lra)); lra|].
    destruct (Rle_dec z y) as [E|E].
    - rewrite (Sym x z), (Sym x y); pose proof (Near y z x ltac:(lra) Hx ltac:(right; lra)); lra.
    - apply between; lra. }
  destruct (Rle_dec a c) as [L|L]; [apply Ord; lra|].
  rewrite (Sym a c), (Sym a b), (Sym b c); pose proof (Ord c b a Hc Hb ltac:(lra)); lra.
Qed.

(* Minkowski over the alphabet. *)
Lemma cauchy_schwarz {A} (l : list A) (x y : A -> R) :
  nonneg x -> nonneg y -> Sum l (fun s => x s * y s) <= sqrt (Sum l (fun s => x s * x s)) * sqrt (Sum l (fun s => y s * y s)).
Proof.
  intros Hx Hy; induction l as [|s t IH]; simpl; [rewrite sqrt_0; lra|].
  pose proof (Hx s); pose proof (Hy s).
  set (X := Sum t (fun s => x s * x s)) in *; set (Y := Sum t (fun s => y s * y s)) in *.
  assert (PX : 0 <= X) by (apply Sum_nonneg; intros u; apply Rle_0_sqr).
  assert (PY : 0 <= Y) by (apply Sum_nonneg; intros u; apply Rle_0_sqr).
  set (u := sqrt X) in *; set (v := sqrt Y) in *.
  assert (EX : X = u * u) by (unfold u; rewrite sqrt_sqrt; lra).
  assert (EY : Y = v * v) by (unfold v; rewrite sqrt_sqrt; lra).
  assert (Pu : 0 <= u) by apply sqrt_pos; assert (Pv : 0 <= v) by apply sqrt_pos.
  apply Rle_trans with (x s * y s + u * v); [lra|].
  assert (0 <= x s * y s) by (apply Rmult_le_pos; assumption); assert (0 <= u * v) by (apply Rmult_le_pos; assumption).
  assert (0 <= x s * x s) by apply Rle_0_sqr; assert (0 <= y s * y s) by apply Rle_0_sqr.
  clearbody u v; rewrite <- sqrt_mult by lra.
  rewrite <- (sqrt_square (x s * y s + u * v)) by lra.
  apply sqrt_le_1; [apply Rle_0_sqr | apply Rmult_le_pos; lra |].
  rewrite EX, EY; pose proof (Rle_0_sqr (x s * v - u * y s)) as Q; unfold Rsqr in Q; nra.
Qed.

Lemma minkowski {A} (l : list A) (x y z : A -> R) :
  nonneg x -> nonneg y -> nonneg z -> (forall s, z s <= x s + y s) ->
  sqrt (Sum l (fun s => z s * z s)) <= sqrt (Sum l (fun s => x s * x s)) + sqrt (Sum l (fun s => y s * y s)).
Proof.
  intros Hx Hy Hz H.
  pose proof (cauchy_schwarz l x y Hx Hy) as CS.
  set (X := Sum l (fun s => x s * x s)) in *; set (Y := Sum l (fun s => y s * y s)) in *.
  assert (PX : 0 <= X) by (apply Sum_nonneg; intros u; apply Rle_0_sqr).
  assert (PY : 0 <= Y) by (apply Sum_nonneg; intros u; apply Rle_0_sqr).
  pose proof (sqrt_pos X); pose proof (sqrt_pos Y).
  rewrite <- (sqrt_square (sqrt X + sqrt Y)) by lra.
  apply sqrt_le_1; [apply Sum_nonneg; intros u; apply Rle_0_sqr | nra |].
  apply Rle_trans with (Sum l (fun s => x s * x s + 2 * (x s * y s) + y s * y s)).
  - apply Sum_le; intros s; specialize (H s); specialize (Hx s); specialize (Hy s); specialize (Hz s); nra.
  - rewrite !Sum_plus, Sum_scal; fold X Y.
    assert (sqrt X * sqrt X = X) by (apply sqrt_sqrt; lra); assert (sqrt Y * sqrt Y = Y) by (apply sqrt_sqrt; lra).
    nra.
Qed.

Theorem T4_metric {A} (l : list A) (p q r : A -> R) :
  nonneg p -> nonneg q -> nonneg r -> sqrt (JS l p r) <= sqrt (JS l p q) + sqrt (JS l q r).
Proof.
  intros Hp Hq Hr.
  assert (E : forall a b : A -> R, nonneg a -> nonneg b -> JS l a b = / 2 * Sum l (fun s => dist (a s) (b s) * dist (a s) (b s))).
  { intros a b Ha Hb; unfold JS, JSD; rewrite <- Sum_scal; apply Sum_ext; intros s.
    fold (G (a s) (b s)); rewrite ell_G by auto; unfold dist; rewrite sqrt_sqrt by (apply ell_nonneg; auto); field. }
  rewrite !E by assumption; rewrite !sqrt_mult_alt by lra.
  rewrite <- Rmult_plus_distr_l; apply Rmult_le_compat_l; [apply sqrt_pos|].
  apply minkowski; try (intros s; apply sqrt_pos).
  intros s; apply T4_one_symbol; auto.
Qed.

Section T13.
Context {A : Type} (l : list A).

Fixpoint steps (a : A -> R) (rest : list (A -> R)) : R :=
  match rest with
  | [] => 0
  | b :: t => sqrt (JS l a b) + steps b t
  end.

Theorem T13_rounds rest : forall a, nonneg a -> Forall nonneg rest -> sqrt (JS l a (last rest a)) <= steps a rest.
Proof.
  induction rest as [|b t IH]; intros a Ha Hr; simpl.
  - assert (E : JS l a a = 0).
    { unfold JS, JSD; rewrite (Sum_ext l _ (fun _ => 0)); [apply Sum_const0 | intros x; apply (g_same (1 / 2)); auto]. }
    rewrite E, sqrt_0; lra.
  - inversion Hr as [|? ? Hb Ht]; subst.
    assert (E : (match t with [] => b | _ :: _ => last t a end) = last t b).
    { clear; destruct t as [|c t]; [reflexivity|]. revert c; induction t as [|e t IH]; intros c; [reflexivity | apply (IH e)]. }
    rewrite E; specialize (IH b Hb Ht).
    assert (L : nonneg (last t b)).
    { clear - Hb Ht; revert b Hb; induction t as [|c t I]; intros b Hb; simpl; [exact Hb|].
      inversion Ht; subst; destruct t as [|e t]; [assumption | apply (I ltac:(assumption) b Hb)]. }
    pose proof (T4_metric l a b (last t b) Ha Hb L); lra.
Qed.

(* U and O: unlearned model and oracle; F and R: forget and retain prompts. *)
Theorem T14_oracle (u_f u_r o_r o_f : A -> R) : nonneg u_f -> nonneg u_r -> nonneg o_r -> nonneg o_f ->
  sqrt (JS l u_f o_f) <= sqrt (JS l u_f u_r) + sqrt (JS l u_r o_r) + sqrt (JS l o_r o_f).
Proof.
  intros H1 H2 H3 H4; pose proof (T4_metric l u_f u_r o_f H1 H2 H4); pose proof (T4_metric l u_r o_r o_f H2 H3 H4); lra.
Qed.
End T13.
