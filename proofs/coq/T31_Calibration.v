(* T31, for every weight: with the exact posterior eta the residual Z - eta has mean 0 against every function of it; and whatever posterior is
   claimed, h(w) plus the mean log of its probability of what happened is at most the divergence. *)
Require Import Reals List Lra Psatz.
From Mari Require Import Sums Divergence T01_Identity.
Open Scope R_scope.

Section T31.
Context {A : Type} (l : list A) (w : R) (p q : A -> R).
Hypothesis Hw : 0 < w < 1.
Hypothesis Hp : law l p.
Hypothesis Hq : law l q.

(* Mean over an output and its arm: arm true has weight w. *)
Definition mean2 (f : A -> bool -> R) : R := Sum l (fun x => (1 - w) * p x * f x false + w * q x * f x true).
Definition value (z : bool) : R := if z then 1 else 0.

Theorem T31_calibration (f : R -> R) : mean2 (fun x z => (value z - eta w p q x) * f (eta w p q x)) = 0.
Proof.
  unfold mean2, value; rewrite (Sum_ext l _ (fun _ => 0)); [apply Sum_const0|].
  intros x; pose proof (proj1 Hp x); pose proof (proj1 Hq x).
  destruct (Req_dec (mid w (p x) (q x)) 0) as [E|E].
  - rewrite (mid_zero_l w Hw _ _ H H0 E), (mid_zero_r w Hw _ _ H H0 E); ring.
  - unfold eta; set (v := f (w * q x / mid w (p x) (q x))); unfold mid in *; field; exact E.
Qed.

(* A claim: a probability of arm true after each output, positive for the arm that can have sent it. *)
Variable c : A -> R.
Hypothesis Hc : forall x, 0 <= c x <= 1.
Hypothesis Hc1 : forall x, c x = 0 -> q x = 0.
Hypothesis Hc0 : forall x, c x = 1 -> p x = 0.
Definition claimed (x : A) (z : bool) : R := if z then c x else 1 - c x.

Lemma T31_term x : (1 - w) * p x * ln (1 - c x) + w * q x * ln (c x) - ((1 - w) * p x * ln (1 - w) + w * q x * ln w) <= g w (p x) (q x).
Proof.
  pose proof (proj1 Hp x) as P; pose proof (proj1 Hq x) as Q; pose proof (Hc x) as C; pose proof (mid_nonneg w Hw _ _ P Q) as M.
  assert (T0 : p x * ln ((1 - c x) / (1 - w)) + p x - mid w (p x) (q x) * ((1 - c x) / (1 - w)) <= kt (p x) (mid w (p x) (q x))).
  { destruct (Req_dec (c x) 1) as [E|E].
    - rewrite (Hc0 x E), E, kt_0_l; replace ((1 - 1) / (1 - w)) with 0 by (field; lra); lra.
    - apply tangent; auto; [apply Rdiv_lt_0_compat; lra | apply mid_zero_l; auto]. }
  assert (T1 : q x * ln (c x / w) + q x - mid w (p x) (q x) * (c x / w) <= kt (q x) (mid w (p x) (q x))).
  { destruct (Req_dec (c x) 0) as [E|E].
    - rewrite (Hc1 x E), E, kt_0_l; replace (0 / w) with 0 by (field; lra); lra.
    - apply tangent; auto; [apply Rdiv_lt_0_compat; lra | apply mid_zero_r; auto]. }
  apply (Rmult_le_compat_l (1 - w)) in T0; [|lra]; apply (Rmult_le_compat_l w) in T1; [|lra].
  assert (B : (1 - w) * (mid w (p x) (q x) * ((1 - c x) / (1 - w))) + w * (mid w (p x) (q x) * (c x / w)) = mid w (p x) (q x)).
  { field; lra. }
  assert (S : (1 - w) * p x + w * q x = mid w (p x) (q x)) by reflexivity.
  assert (L0 : p x * ln ((1 - c x) / (1 - w)) = p x * (ln (1 - c x) - ln (1 - w))).
  { destruct (Req_dec (c x) 1) as [E|E]; [rewrite (Hc0 x E); ring | rewrite ln_div by lra; reflexivity]. }
  assert (L1 : q x * ln (c x / w) = q x * (ln (c x) - ln w)).
  { destruct (Req_dec (c x) 0) as [E|E]; [rewrite (Hc1 x E); ring | rewrite ln_div by lra; reflexivity]. }
  rewrite L0 in T0; rewrite L1 in T1; unfold g; nra.
Qed.

Theorem T31_any_claim_bounds_from_below : h w + mean2 (fun x z => ln (claimed x z)) <= JSD w l p q.
Proof.
  apply Rle_trans with (Sum l (fun x => (1 - w) * p x * ln (1 - c x) + w * q x * ln (c x) - ((1 - w) * p x * ln (1 - w) + w * q x * ln w))).
  - rewrite Sum_minus, (Sum_plus l (fun x => (1 - w) * p x * ln (1 - w))).
    rewrite (Sum_ext l (fun x => (1 - w) * p x * ln (1 - w)) (fun x => ((1 - w) * ln (1 - w)) * p x)) by (intros; ring).
    rewrite (Sum_ext l (fun x => w * q x * ln w) (fun x => (w * ln w) * q x)) by (intros; ring).
    rewrite !Sum_scal, (proj2 Hp), (proj2 Hq); unfold mean2, claimed, h; lra.
  - unfold JSD; apply Sum_le; intros x; apply T31_term.
Qed.
End T31.
