(* T32: a mean over m prompts bounds how many of them stand out. Where the mean of non-negative numbers x_i is J, at most m J / t of them are t
   or more; read at t = ln 2, at most m J / ln 2 prompts can be told apart with certainty. Both counts are attained. *)
Require Import Reals List Lra Psatz Lia.
From Mari Require Import Sums Divergence T01_Identity T02_Range T05_Accuracy T26_Constructions.
Import ListNotations.
Open Scope R_scope.

Definition reaches (t v : R) : bool := if Rle_dec t v then true else false.
Definition reaching {A} (l : list A) (x : A -> R) (t : R) : nat := length (filter (fun i => reaches t (x i)) l).
Definition mean {A} (l : list A) (x : A -> R) : R := Sum l x / INR (length l).

Section Count.
Context {A : Type} (l : list A) (x : A -> R) (t : R).
Hypothesis Hx : nonneg x.

Lemma T32_sum : INR (reaching l x t) * t <= Sum l x.
Proof.
  unfold reaching; induction l as [|i k IH]; [simpl; lra|].
  simpl; pose proof (Hx i); unfold reaches at 1; destruct (Rle_dec t (x i)); [|lra].
  change (length (i :: ?k)) with (S (length k)); rewrite S_INR; lra.
Qed.

Lemma length_pos : l <> nil -> 0 < INR (length l).
Proof. destruct l as [|i k]; [congruence | intros _; apply lt_0_INR; simpl; lia]. Qed.

Theorem T32_count : l <> nil -> 0 < t -> INR (reaching l x t) <= INR (length l) * mean l x / t.
Proof.
  intros Hl Ht; pose proof (length_pos Hl); pose proof T32_sum.
  unfold mean; replace (INR (length l) * (Sum l x / INR (length l)) / t) with (Sum l x / t) by (field; lra).
  apply (Rmult_le_reg_r t); [exact Ht|].
  unfold Rdiv; rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra; assumption.
Qed.

(* The rounded-down form that the library prints: with any upper end J' of the mean. *)
Corollary T32_floor J' (k : nat) :
  l <> nil -> 0 < t -> mean l x <= J' -> INR (length l) * J' / t < INR k + 1 -> (reaching l x t <= k)%nat.
Proof.
  intros Hl Ht HJ Hk; pose proof (T32_count Hl Ht) as C; pose proof (length_pos Hl).
  assert (INR (length l) * mean l x / t <= INR (length l) * J' / t).
  { unfold Rdiv; apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat; exact Ht | apply Rmult_le_compat_l; lra]. }
  rewrite <- S_INR in Hk; assert (L : INR (reaching l x t) < INR (S k)) by lra.
  apply INR_lt in L; lia.
Qed.
End Count.

(* Prompts with laws of their own: those whose arms are told apart with certainty have the divergence ln 2. *)
Theorem T32_told_apart {A B} (l : list A) (a : list B) (p q : A -> B -> R) :
  l <> nil -> (forall i, law a (p i)) -> (forall i, law a (q i)) ->
  INR (reaching l (fun i => JS a (p i) (q i)) (ln 2)) <= INR (length l) * mean l (fun i => JS a (p i) (q i)) / ln 2.
Proof.
  intros Hl Hp Hq; apply T32_count; [|exact Hl | pose proof ln2_at_least_half; lra].
  intros i; unfold JS; apply T2_nonneg; [apply half_in | apply Hp | apply Hq].
Qed.

(* k prompts known by heart with another answer, n equal ones: exactly k reach ln 2, and m J / ln 2 is k. *)
Definition apart (b : bool) : R := JS two (sure true) (sure (negb b)).

Lemma apart_value b : apart b = if b then ln 2 else 0.
Proof. destruct b; unfold apart; simpl; apply T27_reference_decides. Qed.

Definition split (k n : nat) : list bool := repeat true k ++ repeat false n.

Lemma count_repeat (b : bool) n t :
  reaching (repeat b n) apart t = if reaches t (apart b) then n else 0%nat.
Proof.
  unfold reaching; induction n as [|n IH]; simpl; [destruct (reaches t (apart b)); reflexivity|].
  destruct (reaches t (apart b)); simpl; rewrite IH; reflexivity.
Qed.

Lemma sum_repeat (b : bool) n : Sum (repeat b n) apart = INR n * apart b.
Proof. induction n as [|n IH]; [simpl; ring|]; rewrite S_INR; simpl; rewrite IH; ring. Qed.

Theorem T32_attained k n : (0 < k + n)%nat ->
  reaching (split k n) apart (ln 2) = k /\ INR (length (split k n)) * mean (split k n) apart / ln 2 = INR k.
Proof.
  intros H; pose proof ln2_at_least_half; split.
  - unfold split, reaching; rewrite filter_app, app_length.
    pose proof (count_repeat true k (ln 2)) as T; pose proof (count_repeat false n (ln 2)) as F; unfold reaching in T, F; rewrite T, F, !apart_value.
    unfold reaches; destruct (Rle_dec (ln 2) (ln 2)); [|lra]; destruct (Rle_dec (ln 2) 0); [lra | lia].
  - unfold mean, split; rewrite Sum_app, !sum_repeat, !apart_value, app_length, !repeat_length.
    assert (0 < INR (k + n)) by (apply lt_0_INR; exact H); field; lra.
Qed.
