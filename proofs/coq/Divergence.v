(* Log-sum and Gibbs with zeros allowed, and the weighted Jensen-Shannon divergence term by term.
   kt a b = a ln(a/b) is 0 at a = 0 whatever ln and / return there; absolute continuity is "b = 0 implies a = 0" per symbol. *)
Require Import Reals List Lra Psatz.
From Mari Require Import Sums.
Open Scope R_scope.

Definition kt (a b : R) : R := a * ln (a / b).
Definition KL {A} (l : list A) (p q : A -> R) : R := Sum l (fun x => kt (p x) (q x)).

Lemma ln_le_sub1 x : 0 < x -> ln x <= x - 1.
Proof. intros H; pose proof (exp_ineq1_le (ln x)) as E; rewrite exp_ln in E by exact H; lra. Qed.

Lemma kt_0_l b : kt 0 b = 0.
Proof. unfold kt; ring. Qed.

Lemma kt_self a : 0 <= a -> kt a a = 0.
Proof.
  intros [H|<-]; [|apply kt_0_l].
  unfold kt; replace (a / a) with 1 by (field; lra); rewrite ln_1; ring.
Qed.

Lemma ln_div x y : 0 < x -> 0 < y -> ln (x / y) = ln x - ln y.
Proof. intros Hx Hy; unfold Rdiv; rewrite ln_mult, ln_Rinv; [ring | exact Hy | exact Hx | apply Rinv_0_lt_compat; exact Hy]. Qed.

Lemma kt_pos a b : 0 < a -> 0 < b -> kt a b = a * (ln a - ln b).
Proof. intros; unfold kt; rewrite ln_div; auto. Qed.

(* The workhorse: a tangent plane under kt. *)
Lemma tangent c a b : 0 < c -> 0 <= a -> 0 <= b -> (b = 0 -> a = 0) -> a * ln c + a - b * c <= kt a b.
Proof.
  intros Hc Ha Hb Hab.
  destruct (Req_dec a 0) as [->|Ha0]; [rewrite kt_0_l; nra|].
  assert (0 < a) by lra.
  assert (0 < b) by (destruct (Req_dec b 0) as [E|]; [specialize (Hab E); lra | lra]).
  assert (Hx : 0 < b * c / a) by (apply Rdiv_lt_0_compat; nra).
  pose proof (ln_le_sub1 _ Hx) as L.
  rewrite ln_div, ln_mult in L by nra.
  rewrite kt_pos by assumption.
  assert (E : a * (b * c / a - 1) = b * c - a) by (field; lra).
  assert (a * (ln b + ln c - ln a) <= a * (b * c / a - 1)) by (apply Rmult_le_compat_l; lra).
  nra.
Qed.

Lemma kt_hom c a b : 0 <= c -> (b = 0 -> a = 0) -> kt (c * a) (c * b) = c * kt a b.
Proof.
  intros [Hc|<-] Hab; [|unfold kt; ring].
  destruct (Req_dec b 0) as [E|E].
  - rewrite (Hab E), Rmult_0_r; unfold kt; ring.
  - unfold kt; replace (c * a / (c * b)) with (a / b) by (field; split; lra); ring.
Qed.

Section Lists.
Context {A : Type} (l : list A).

Theorem log_sum (a b : A -> R) :
  nonneg a -> nonneg b -> (forall x, b x = 0 -> a x = 0) -> kt (Sum l a) (Sum l b) <= Sum l (fun x => kt (a x) (b x)).
Proof.
  intros Ha Hb Hab.
  pose proof (Sum_nonneg l a Ha) as Sa; pose proof (Sum_nonneg l b Hb) as Sb.
  destruct (Req_dec (Sum l a) 0) as [E|E].
  - rewrite E, kt_0_l.
    rewrite (Sum_ext_in l (fun x => kt (a x) (b x)) (fun _ => 0)); [rewrite Sum_const0; lra|].
    intros x Hx; rewrite (Sum_zero_terms l a x Ha E Hx); apply kt_0_l.
  - assert (Pb : 0 < Sum l b).
    { destruct (Req_dec (Sum l b) 0) as [F|]; [|lra].
      exfalso; apply E.
      rewrite (Sum_ext_in l a (fun _ => 0)); [apply Sum_const0|].
      intros x Hx; apply Hab, (Sum_zero_terms l b x Hb F Hx). }
    set (c := Sum l a / Sum l b).
    assert (Hc : 0 < c) by (apply Rdiv_lt_0_compat; lra).
    assert (T : Sum l (fun x => a x * ln c + a x - b x * c) <= Sum l (fun x => kt (a x) (b x))).
    { apply Sum_le; intros x; apply tangent; auto. }
    rewrite Sum_minus, Sum_plus, !Sum_scal_r in T.
    assert (Sum l b * c = Sum l a) by (unfold c; field; lra).
    unfold kt at 1; fold c; lra.
Qed.

Theorem gibbs (p q : A -> R) :
  nonneg p -> nonneg q -> (forall x, q x = 0 -> p x = 0) -> Sum l q <= Sum l p -> 0 <= KL l p q.
Proof.
  intros Hp Hq Hpq Hle; unfold KL.
  assert (T : Sum l (fun x => p x * ln 1 + p x - q x * 1) <= Sum l (fun x => kt (p x) (q x))).
  { apply Sum_le; intros x; apply tangent; auto; lra. }
  rewrite Sum_minus, Sum_plus, !Sum_scal_r, ln_1 in T; lra.
Qed.
End Lists.

(* One symbol of the divergence at weight w of the second arm. *)
Definition mid (w a b : R) : R := (1 - w) * a + w * b.
Definition g (w a b : R) : R := (1 - w) * kt a (mid w a b) + w * kt b (mid w a b).
Definition JSD {A} (w : R) (l : list A) (p q : A -> R) : R := Sum l (fun x => g w (p x) (q x)).
Definition JS {A} (l : list A) (p q : A -> R) : R := JSD (1 / 2) l p q.

Section Term.
Variable w : R.
Hypothesis Hw : 0 < w < 1.

Lemma mid_nonneg a b : 0 <= a -> 0 <= b -> 0 <= mid w a b.
Proof. unfold mid; nra. Qed.

Lemma mid_zero_l a b : 0 <= a -> 0 <= b -> mid w a b = 0 -> a = 0.
Proof. unfold mid; intros; nra. Qed.

Lemma mid_zero_r a b : 0 <= a -> 0 <= b -> mid w a b = 0 -> b = 0.
Proof. unfold mid; intros; nra. Qed.

Lemma g_nonneg a b : 0 <= a -> 0 <= b -> 0 <= g w a b.
Proof.
  intros Ha Hb; unfold g.
  pose proof (mid_nonneg a b Ha Hb).
  assert (T1 : a * ln 1 + a - mid w a b * 1 <= kt a (mid w a b)).
  { apply tangent; try lra; intros E; apply (mid_zero_l a b); auto. }
  assert (T2 : b * ln 1 + b - mid w a b * 1 <= kt b (mid w a b)).
  { apply tangent; try lra; intros E; apply (mid_zero_r a b); auto. }
  rewrite ln_1 in T1, T2.
  assert ((1 - w) * (a - mid w a b) <= (1 - w) * kt a (mid w a b)) by (apply Rmult_le_compat_l; lra).
  assert (w * (b - mid w a b) <= w * kt b (mid w a b)) by (apply Rmult_le_compat_l; lra).
  assert ((1 - w) * (a - mid w a b) + w * (b - mid w a b) = 0) by (unfold mid; ring).
  lra.
Qed.

Lemma g_hom c a b : 0 <= c -> 0 <= a -> 0 <= b -> g w (c * a) (c * b) = c * g w a b.
Proof.
  intros Hc Ha Hb; unfold g.
  replace (mid w (c * a) (c * b)) with (c * mid w a b) by (unfold mid; ring).
  rewrite !kt_hom; [ring | exact Hc | | exact Hc |]; intros E.
  - apply (mid_zero_r a b); auto.
  - apply (mid_zero_l a b); auto.
Qed.

Lemma g_same a : 0 <= a -> g w a a = 0.
Proof. intros H; unfold g; replace (mid w a a) with a by (unfold mid; ring); rewrite kt_self by exact H; ring. Qed.

Theorem g_subadditive {A} (l : list A) (a b : A -> R) :
  nonneg a -> nonneg b -> g w (Sum l a) (Sum l b) <= Sum l (fun x => g w (a x) (b x)).
Proof.
  intros Ha Hb; unfold g.
  replace (mid w (Sum l a) (Sum l b)) with (Sum l (fun x => mid w (a x) (b x)))
    by (unfold mid; rewrite Sum_plus, !Sum_scal; reflexivity).
  rewrite Sum_plus, !Sum_scal.
  assert (Hm : nonneg (fun x => mid w (a x) (b x))) by (intros x; apply mid_nonneg; auto).
  apply Rplus_le_compat; apply Rmult_le_compat_l; try lra; apply log_sum; auto.
  - intros x; apply mid_zero_l; auto.
  - intros x; apply mid_zero_r; auto.
Qed.

Lemma g_subadditive2 a b c d : 0 <= a -> 0 <= b -> 0 <= c -> 0 <= d -> g w (a + c) (b + d) <= g w a b + g w c d.
Proof.
  intros.
  pose proof (g_subadditive (cons true (cons false nil)) (fun x => if x : bool then a else c) (fun x => if x : bool then b else d)) as S.
  simpl in S; rewrite !Rplus_0_r in S.
  apply S; intros [|]; assumption.
Qed.
End Term.

Lemma g_swap w a b : g w a b = g (1 - w) b a.
Proof. unfold g; replace (mid (1 - w) b a) with (mid w a b) by (unfold mid; ring); ring. Qed.

Lemma half_in : 0 < 1 / 2 < 1.
Proof. lra. Qed.
