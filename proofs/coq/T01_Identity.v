(* T1, for every weight 0 < w < 1: the mutual information between an output X and its arm Z is the weighted Jensen-Shannon divergence,
   and it is E_M[h(w) - h(eta(X))]. The joint law puts (1-w) P on arm false and w Q on arm true; its margins are computed. *)
Require Import Reals List Lra Psatz.
From Mari Require Import Sums Divergence.
Open Scope R_scope.

Definition arms : list bool := (false :: true :: nil)%list.
Definition joint {A} (w : R) (p q : A -> R) (s : A * bool) : R := if snd s then w * q (fst s) else (1 - w) * p (fst s).
Definition margin_X {A} (j : A * bool -> R) (x : A) : R := Sum arms (fun z => j (x, z)).
Definition margin_Z {A} (l : list A) (j : A * bool -> R) (z : bool) : R := Sum l (fun x => j (x, z)).
Definition MI {A} (l : list A) (j : A * bool -> R) : R :=
  KL (list_prod l arms) j (fun s => margin_X j (fst s) * margin_Z l j (snd s)).

Definition h (t : R) : R := - (t * ln t) - (1 - t) * ln (1 - t).

Section T1.
Context {A : Type} (l : list A) (w : R) (p q : A -> R).
Hypothesis Hw : 0 < w < 1.
Hypothesis Hp : law l p.
Hypothesis Hq : law l q.

Lemma margin_X_mid x : margin_X (joint w p q) x = mid w (p x) (q x).
Proof. unfold margin_X, joint, mid; simpl; ring. Qed.

Lemma margin_Z_weight z : margin_Z l (joint w p q) z = if z then w else 1 - w.
Proof. unfold margin_Z, joint; destruct z; simpl; rewrite Sum_scal; [rewrite (proj2 Hq) | rewrite (proj2 Hp)]; ring. Qed.

Theorem T1_information_is_divergence : MI l (joint w p q) = JSD w l p q.
Proof.
  unfold MI, KL, JSD; rewrite Sum_prod; apply Sum_ext; intros x; simpl.
  rewrite !margin_Z_weight, margin_X_mid; unfold joint; simpl; unfold g.
  pose proof (proj1 Hp x); pose proof (proj1 Hq x).
  rewrite !(Rmult_comm (mid w (p x) (q x))).
  rewrite !kt_hom; try lra; intros E; [apply (mid_zero_r w Hw (p x) (q x)) | apply (mid_zero_l w Hw (p x) (q x))]; auto.
Qed.

Definition eta (x : A) : R := w * q x / mid w (p x) (q x).

Lemma T1_term x :
  g w (p x) (q x) = - mid w (p x) (q x) * h (eta x) - (1 - w) * p x * ln (1 - w) - w * q x * ln w.
Proof.
  pose proof (proj1 Hp x) as Px; pose proof (proj1 Hq x) as Qx.
  unfold g, h, eta; set (m := mid w (p x) (q x)).
  assert (Hm : 0 <= m) by (apply mid_nonneg; auto).
  assert (Em : m = (1 - w) * p x + w * q x) by reflexivity.
  destruct (Req_dec m 0) as [Z|Z].
  { assert (p x = 0) by (apply (mid_zero_l w Hw (p x) (q x)); auto).
    assert (q x = 0) by (apply (mid_zero_r w Hw (p x) (q x)); auto).
    rewrite H, H0, Z, !kt_0_l; ring. }
  assert (E1 : 1 - w * q x / m = (1 - w) * p x / m) by (field_simplify_eq; [rewrite Em; ring | exact Z]).
  rewrite E1.
  assert (K1 : w * kt (q x) m = m * (w * q x / m * ln (w * q x / m)) - w * q x * ln w).
  { destruct (Req_dec (q x) 0) as [->|Nq]; [rewrite kt_0_l; unfold Rdiv; ring|].
    rewrite kt_pos, ln_div, ln_mult by nra; field; exact Z. }
  assert (K2 : (1 - w) * kt (p x) m = m * ((1 - w) * p x / m * ln ((1 - w) * p x / m)) - (1 - w) * p x * ln (1 - w)).
  { destruct (Req_dec (p x) 0) as [->|Np]; [rewrite kt_0_l; unfold Rdiv; ring|].
    rewrite kt_pos, ln_div, ln_mult by nra; field; exact Z. }
  rewrite K1, K2; ring.
Qed.

Theorem T1_posterior_form : JSD w l p q = Sum l (fun x => mid w (p x) (q x) * (h w - h (eta x))).
Proof.
  unfold JSD; rewrite (Sum_ext l _ _ T1_term).
  assert (Sm : Sum l (fun x => mid w (p x) (q x)) = 1).
  { unfold mid; rewrite Sum_plus, !Sum_scal, (proj2 Hp), (proj2 Hq); ring. }
  transitivity (Sum l (fun x => - (mid w (p x) (q x) * h (eta x))) + (- (1 - w) * ln (1 - w)) + (- w * ln w)).
  - rewrite !Sum_minus.
    rewrite (Sum_ext l (fun x => (1 - w) * p x * ln (1 - w)) (fun x => ((1 - w) * ln (1 - w)) * p x)) by (intros; ring).
    rewrite (Sum_ext l (fun x => w * q x * ln w) (fun x => (w * ln w) * q x)) by (intros; ring).
    rewrite !Sum_scal, (proj2 Hp), (proj2 Hq).
    rewrite (Sum_ext l (fun x => - mid w (p x) (q x) * h (eta x)) (fun x => - (mid w (p x) (q x) * h (eta x)))) by (intros; ring).
    ring.
  - rewrite (Sum_ext l (fun x => mid w (p x) (q x) * (h w - h (eta x)))
      (fun x => h w * mid w (p x) (q x) + - (mid w (p x) (q x) * h (eta x)))) by (intros; ring).
    rewrite Sum_plus, Sum_scal, Sm; unfold h at 2; ring.
Qed.
End T1.
