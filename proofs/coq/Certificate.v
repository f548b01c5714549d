(* A certificate that is checked by computation: integers a_i and b_i over a common denominator d are two laws; if `check` evaluates to true
   then every detector, randomised or not, has accuracy at most (1 + s/v)/2 between them. Interval arithmetic over integers (no floats of the
   machine), so that only the four axioms of the real numbers are assumed. *)
Require Import Reals List ZArith Lra Lia Psatz.
From Interval Require Import Specific_stdz Specific_ops Float_full Interval Xreal.
From Mari Require Import Sums Divergence T05_Accuracy.
Import ListNotations.
Open Scope R_scope.

Module F := SpecificFloat StdZRadix2.
Module I := FloatIntervalFull F.

Definition bits := F.PtoP 90.
Definition integer (a : Z) := I.fromZ bits a.
Definition log_ratio (a b : Z) := I.ln bits (I.div bits (integer a) (integer b)).
Definition term (a b : Z) := if Z.eqb a 0 then integer 0 else I.mul bits (integer a) (log_ratio (2 * a) (a + b)).
Definition both (a b : Z) := I.add bits (term a b) (term b a).
Fixpoint total (l : list (Z * Z)) :=
  match l with
  | [] => integer 0
  | (a, b) :: t => I.add bits (both a b) (total t)
  end.

Definition both_R (a b : R) : R := kt a ((a + b) / 2) + kt b ((a + b) / 2).

Lemma integer_correct a : contains (I.convert (integer a)) (Xreal (IZR a)).
Proof. apply I.fromZ_correct. Qed.

Lemma div_contains i j x y : y <> 0 -> contains (I.convert i) (Xreal x) -> contains (I.convert j) (Xreal y) ->
  contains (I.convert (I.div bits i j)) (Xreal (x / y)).
Proof.
  intros N Hi Hj; pose proof (I.div_correct bits i j _ _ Hi Hj) as C.
  assert (E : Xdiv (Xreal x) (Xreal y) = Xreal (x / y)) by (simpl; unfold Xdiv'; destruct (is_zero_spec y); [contradiction | reflexivity]).
  rewrite E in C; exact C.
Qed.

Lemma ln_contains i x : 0 < x -> contains (I.convert i) (Xreal x) -> contains (I.convert (I.ln bits i)) (Xreal (ln x)).
Proof.
  intros P Hi; pose proof (I.ln_correct bits i _ Hi) as C.
  assert (E : Xln (Xreal x) = Xreal (ln x)) by (simpl; unfold Xln'; destruct (is_positive_spec x); [reflexivity | lra]).
  rewrite E in C; exact C.
Qed.

Lemma mul_contains i j x y : contains (I.convert i) (Xreal x) -> contains (I.convert j) (Xreal y) ->
  contains (I.convert (I.mul bits i j)) (Xreal (x * y)).
Proof. intros Hi Hj; exact (I.mul_correct bits i j (Xreal x) (Xreal y) Hi Hj). Qed.

Lemma add_contains i j x y : contains (I.convert i) (Xreal x) -> contains (I.convert j) (Xreal y) ->
  contains (I.convert (I.add bits i j)) (Xreal (x + y)).
Proof. intros Hi Hj; exact (I.add_correct bits i j (Xreal x) (Xreal y) Hi Hj). Qed.

Lemma sub_contains i j x y : contains (I.convert i) (Xreal x) -> contains (I.convert j) (Xreal y) ->
  contains (I.convert (I.sub bits i j)) (Xreal (x - y)).
Proof. intros Hi Hj; exact (I.sub_correct bits i j (Xreal x) (Xreal y) Hi Hj). Qed.

Lemma term_correct a b : (0 <= a)%Z -> (0 <= b)%Z -> contains (I.convert (term a b)) (Xreal (kt (IZR a) ((IZR a + IZR b) / 2))).
Proof.
  intros Ha Hb; unfold term; destruct (Z.eqb_spec a 0) as [->|N].
  - rewrite kt_0_l; apply integer_correct.
  - assert (Pa : 0 < IZR a) by (apply IZR_lt; lia).
    assert (Pb : 0 <= IZR b) by (apply IZR_le; lia).
    assert (Pd : 0 < IZR (a + b)) by (rewrite plus_IZR; lra).
    assert (Pn : 0 < IZR (2 * a)) by (rewrite mult_IZR; lra).
    replace (kt (IZR a) ((IZR a + IZR b) / 2)) with (IZR a * ln (IZR (2 * a) / IZR (a + b)))
      by (unfold kt; f_equal; f_equal; rewrite mult_IZR, plus_IZR; field; lra).
    apply mul_contains; [apply integer_correct|]; unfold log_ratio.
    apply ln_contains; [apply Rdiv_lt_0_compat; assumption|].
    apply div_contains; [lra | apply integer_correct | apply integer_correct].
Qed.

Lemma both_correct a b : (0 <= a)%Z -> (0 <= b)%Z -> contains (I.convert (both a b)) (Xreal (both_R (IZR a) (IZR b))).
Proof.
  intros Ha Hb; unfold both, both_R.
  apply add_contains.
  - apply term_correct; assumption.
  - rewrite (Rplus_comm (IZR a)); apply term_correct; assumption.
Qed.

Definition ok_pair (ab : Z * Z) : bool := (0 <=? fst ab)%Z && (0 <=? snd ab)%Z.

Lemma total_correct l : forallb ok_pair l = true ->
  contains (I.convert (total l)) (Xreal (Sum l (fun ab => both_R (IZR (fst ab)) (IZR (snd ab))))).
Proof.
  induction l as [|[a b] t IH]; intros H; [exact (integer_correct 0)|].
  cbn [forallb] in H; cbn [total Sum fst snd].
  apply andb_prop in H; destruct H as [H0 H1]; unfold ok_pair in H0; cbn [fst snd] in H0; apply andb_prop in H0; destruct H0 as [Ha Hb].
  apply add_contains; [apply both_correct; lia | apply IH; exact H1].
Qed.

Definition sum_fst (l : list (Z * Z)) : Z := fold_right (fun ab s => (fst ab + s)%Z) 0%Z l.
Definition sum_snd (l : list (Z * Z)) : Z := fold_right (fun ab s => (snd ab + s)%Z) 0%Z l.

Definition at_least_zero x := match I.sign_large x with Xgt => true | Xeq => true | _ => false end.
Definition margin (l : list (Z * Z)) (d s v : Z) :=
  I.sub bits (I.mul bits (integer d) (both (v + s) (v - s))) (I.mul bits (integer v) (total l)).
Definition check (l : list (Z * Z)) (d s v : Z) : bool :=
  forallb ok_pair l && (sum_fst l =? d)%Z && (sum_snd l =? d)%Z && (0 <? d)%Z && (0 <? s)%Z && (s <=? v)%Z && at_least_zero (margin l d s v).

Lemma at_least_zero_correct x r : at_least_zero x = true -> contains (I.convert x) (Xreal r) -> 0 <= r.
Proof.
  unfold at_least_zero; intros H C; pose proof (I.sign_large_correct x) as S.
  destruct (I.sign_large x); try discriminate.
  - specialize (S _ C); injection S as E; lra.
  - destruct (S _ C) as [_ P]; exact P.
Qed.

Section Soundness.
Variable l : list (Z * Z).
Variables d s v : Z.
Hypothesis Hcheck : check l d s v = true.

Definition alphabet : list nat := seq 0 (length l).
Definition p (i : nat) : R := IZR (fst (nth i l (0, 0)%Z)) / IZR d.
Definition q (i : nat) : R := IZR (snd (nth i l (0, 0)%Z)) / IZR d.

Lemma Sum_nth {B} (z : B) (k : list B) (f : B -> R) : Sum (seq 0 (length k)) (fun i => f (nth i k z)) = Sum k f.
Proof.
  induction k as [|x t IH]; simpl; [reflexivity|].
  rewrite <- seq_shift, Sum_map, IH; reflexivity.
Qed.

Lemma facts : forallb ok_pair l = true /\ sum_fst l = d /\ sum_snd l = d /\ (0 < d)%Z /\ (0 < s)%Z /\ (s <= v)%Z
  /\ at_least_zero (margin l d s v) = true.
Proof.
  pose proof Hcheck as H; unfold check in H.
  apply andb_prop in H; destruct H as [H E7]; apply andb_prop in H; destruct H as [H E6].
  apply andb_prop in H; destruct H as [H E5]; apply andb_prop in H; destruct H as [H E4].
  apply andb_prop in H; destruct H as [H E3]; apply andb_prop in H; destruct H as [E1 E2].
  repeat split; try assumption; lia.
Qed.

Lemma entries i : 0 <= IZR (fst (nth i l (0, 0)%Z)) /\ 0 <= IZR (snd (nth i l (0, 0)%Z)).
Proof.
  destruct facts as [H _].
  destruct (nth_in_or_default i l (0, 0)%Z) as [Hin| ->]; [|simpl; lra].
  rewrite forallb_forall in H; specialize (H _ Hin); unfold ok_pair in H; apply andb_prop in H; destruct H.
  split; apply IZR_le; lia.
Qed.

Lemma sums : Sum l (fun ab => IZR (fst ab)) = IZR d /\ Sum l (fun ab => IZR (snd ab)) = IZR d.
Proof.
  destruct facts as [_ [E1 [E2 _]]]; rewrite <- E1 at 1; rewrite <- E2; unfold sum_fst, sum_snd.
  clear; split; induction l as [|x t IH]; simpl; try reflexivity; rewrite plus_IZR, <- IH; reflexivity.
Qed.

Lemma laws : law alphabet p /\ law alphabet q.
Proof.
  destruct facts as [_ [_ [_ [Hd _]]]]; assert (Pd : 0 < IZR d) by (apply IZR_lt; exact Hd).
  destruct sums as [S1 S2].
  split; (split; [intros i; apply Rmult_le_pos; [apply entries | left; apply Rinv_0_lt_compat; exact Pd]|]); unfold alphabet.
  - unfold p; rewrite (Sum_nth (0, 0)%Z l (fun ab => IZR (fst ab) / IZR d)); unfold Rdiv; rewrite Sum_scal_r, S1; field; lra.
  - unfold q; rewrite (Sum_nth (0, 0)%Z l (fun ab => IZR (snd ab) / IZR d)); unfold Rdiv; rewrite Sum_scal_r, S2; field; lra.
Qed.

Lemma G_scaled c a b : 0 < c -> 0 <= a -> 0 <= b -> G (a / c) (b / c) = both_R a b / (2 * c).
Proof.
  intros Hc Ha Hb; unfold G.
  replace (a / c) with (/ c * a) by (field; lra); replace (b / c) with (/ c * b) by (field; lra).
  rewrite g_hom by (lra || (left; apply Rinv_0_lt_compat; lra)).
  unfold g, both_R; replace (mid (1 / 2) a b) with ((a + b) / 2) by (unfold mid; lra); field; lra.
Qed.

Lemma budget : JS alphabet p q <= phi (IZR s / IZR v).
Proof.
  destruct facts as [Hok [_ [_ [Hd [Hs [Hsv Hm]]]]]].
  assert (Pd : 0 < IZR d) by (apply IZR_lt; exact Hd).
  assert (Pv : 0 < IZR v) by (apply IZR_lt; lia).
  set (T := Sum l (fun ab => both_R (IZR (fst ab)) (IZR (snd ab)))).
  set (W := both_R (IZR (v + s)) (IZR (v - s))).
  assert (M : 0 <= IZR d * W - IZR v * T).
  { apply (at_least_zero_correct (margin l d s v)); [exact Hm|]; unfold margin.
    apply sub_contains.
    - apply mul_contains; [apply integer_correct | apply both_correct; lia].
    - apply mul_contains; [apply integer_correct | apply total_correct; exact Hok]. }
  assert (EJ : JS alphabet p q = T / (2 * IZR d)).
  { unfold JS, JSD, alphabet, p, q.
    rewrite (Sum_nth (0, 0)%Z l (fun ab => g (1 / 2) (IZR (fst ab) / IZR d) (IZR (snd ab) / IZR d))).
    unfold T, Rdiv; rewrite <- Sum_scal_r; apply Sum_ext_in; intros ab Hin.
    rewrite forallb_forall in Hok; specialize (Hok _ Hin); unfold ok_pair in Hok; apply andb_prop in Hok; destruct Hok.
    apply (G_scaled (IZR d)); [exact Pd | apply IZR_le; lia | apply IZR_le; lia]. }
  assert (EP : phi (IZR s / IZR v) = W / (2 * IZR v)).
  { unfold phi; replace (1 + IZR s / IZR v) with (IZR (v + s) / IZR v) by (rewrite plus_IZR; field; lra).
    replace (1 - IZR s / IZR v) with (IZR (v - s) / IZR v) by (rewrite minus_IZR; field; lra).
    apply G_scaled; [exact Pv | apply IZR_le; lia | apply IZR_le; lia]. }
  rewrite EJ, EP.
  apply Rmult_le_reg_r with (2 * IZR d * IZR v); [nra|].
  replace (T / (2 * IZR d) * (2 * IZR d * IZR v)) with (IZR v * T) by (field; lra).
  replace (W / (2 * IZR v) * (2 * IZR d * IZR v)) with (IZR d * W) by (field; lra).
  lra.
Qed.

Theorem every_detector (D : nat -> R) : (forall i, 0 <= D i <= 1) -> accuracy alphabet p q D <= (1 + IZR s / IZR v) / 2.
Proof.
  intros HD; destruct facts as [_ [_ [_ [Hd [Hs [Hsv _]]]]]]; destruct laws as [L1 L2].
  assert (Pv : 0 < IZR v) by (apply IZR_lt; lia); assert (Ps : 0 < IZR s) by (apply IZR_lt; exact Hs).
  apply T5_sharp_accuracy; auto; [|apply budget].
  split; [apply Rdiv_lt_0_compat; assumption|].
  apply Rmult_le_reg_r with (IZR v); [exact Pv|]; replace (IZR s / IZR v * IZR v) with (IZR s) by (field; lra).
  rewrite Rmult_1_l; apply IZR_le; exact Hsv.
Qed.
End Soundness.
