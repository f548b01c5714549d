(* T2, for every weight: 0 <= JSD_w <= h(w); 0 when the arms agree, h(w) when their supports are disjoint; symmetry at 1/2. *)
Require Import Reals List Lra Psatz.
From Mari Require Import Sums Divergence T01_Identity.
Open Scope R_scope.

Section T2.
Context {A : Type} (l : list A) (w : R) (p q : A -> R).
Hypothesis Hw : 0 < w < 1.
Hypothesis Hp : law l p.
Hypothesis Hq : law l q.

Lemma kt_le_share a c m : 0 <= a -> 0 < c -> c * a <= m -> kt a m <= a * - ln c.
Proof.
  intros Ha Hc Hm; destruct (Req_dec a 0) as [->|N]; [rewrite kt_0_l; lra|].
  assert (0 < a) by lra; assert (0 < c * a) by nra.
  rewrite kt_pos by lra; apply Rmult_le_compat_l; [lra|].
  assert (ln (c * a) <= ln m) by (destruct (Rle_lt_or_eq_dec _ _ Hm) as [L|E]; [left; apply ln_increasing; lra | rewrite E; lra]).
  rewrite ln_mult in H1 by lra; lra.
Qed.

Theorem T2_nonneg : 0 <= JSD w l p q.
Proof. apply Sum_nonneg; intros x; apply g_nonneg; [exact Hw | apply Hp | apply Hq]. Qed.

Theorem T2_at_most_entropy : JSD w l p q <= h w.
Proof.
  unfold JSD.
  apply Rle_trans with (Sum l (fun x => ((1 - w) * - ln (1 - w)) * p x + (w * - ln w) * q x)).
  - apply Sum_le; intros x; unfold g.
    pose proof (proj1 Hp x); pose proof (proj1 Hq x).
    assert (kt (p x) (mid w (p x) (q x)) <= p x * - ln (1 - w)) by (apply kt_le_share; unfold mid; nra).
    assert (kt (q x) (mid w (p x) (q x)) <= q x * - ln w) by (apply kt_le_share; unfold mid; nra).
    assert ((1 - w) * kt (p x) (mid w (p x) (q x)) <= (1 - w) * (p x * - ln (1 - w))) by (apply Rmult_le_compat_l; lra).
    assert (w * kt (q x) (mid w (p x) (q x)) <= w * (q x * - ln w)) by (apply Rmult_le_compat_l; lra).
    lra.
  - rewrite Sum_plus, !Sum_scal, (proj2 Hp), (proj2 Hq); unfold h; lra.
Qed.

Theorem T2_zero_when_equal : (forall x, p x = q x) -> JSD w l p q = 0.
Proof.
  intros E; unfold JSD; rewrite (Sum_ext l _ (fun _ => 0)); [apply Sum_const0|].
  intros x; rewrite (E x); apply g_same, Hq.
Qed.

Lemma kt_share a c : 0 <= a -> 0 < c -> kt a (c * a) = a * - ln c.
Proof.
  intros [Ha|<-] Hc; [|rewrite kt_0_l; ring].
  rewrite kt_pos, ln_mult by nra; ring.
Qed.

Theorem T2_entropy_when_disjoint : (forall x, p x = 0 \/ q x = 0) -> JSD w l p q = h w.
Proof.
  intros D; unfold JSD.
  rewrite (Sum_ext l _ (fun x => ((1 - w) * - ln (1 - w)) * p x + (w * - ln w) * q x)).
  - rewrite Sum_plus, !Sum_scal, (proj2 Hp), (proj2 Hq); unfold h; ring.
  - intros x; unfold g, mid; pose proof (proj1 Hp x); pose proof (proj1 Hq x).
    destruct (D x) as [E|E]; rewrite E, kt_0_l.
    + replace ((1 - w) * 0 + w * q x) with (w * q x) by ring; rewrite kt_share by lra; ring.
    + replace ((1 - w) * p x + w * 0) with ((1 - w) * p x) by ring; rewrite kt_share by lra; ring.
Qed.

Theorem T2_symmetry : JSD w l p q = JSD (1 - w) l q p.
Proof. apply Sum_ext; intros x; apply g_swap. Qed.
End T2.

Lemma h_half : h (1 / 2) = ln 2.
Proof.
  unfold h; replace (1 - 1 / 2) with (1 / 2) by lra; replace (1 / 2) with (/ 2) by lra.
  rewrite ln_Rinv by lra; lra.
Qed.

Corollary T2_half_at_most_ln2 {A} (l : list A) p q : law l p -> law l q -> JS l p q <= ln 2.
Proof. intros Hp Hq; rewrite <- h_half; apply T2_at_most_entropy; auto; lra. Qed.
