(* T34: ranks among exchangeable models. In any finite list of scores at most j have a rank of at most j, the rank being the number of scores that
   are at least as large, its own included: at each place alike, the model's is among them with probability at most j/(K + 1). Distinct scores
   attain it.
   Power: where the law under the hypothesis is uniform over N cells, a test of level a rejects no law on them with probability above N a;
   there are (K + 1)^m cells of ranks on m items. *)
Require Import Reals List Lra Psatz Lia.
From Mari Require Import Sums.
Import ListNotations.
Open Scope R_scope.

Definition at_least (a b : R) : bool := if Rle_dec a b then true else false.

Section Ranks.
Context {A : Type} (l : list A) (x : A -> R).
Definition rank (i : A) : nat := length (filter (fun k => at_least (x i) (x k)) l).
Definition first_ranks (j : nat) : list A := filter (fun i => Nat.leb (rank i) j) l.

Lemma smallest (s : list A) : s <> [] -> exists i, In i s /\ forall k, In k s -> x i <= x k.
Proof.
  induction s as [|a s IH]; [congruence|]; intros _; destruct s as [|b s].
  - exists a; split; [left; reflexivity | intros k [<-|[]]; lra].
  - destruct IH as [i [Hi Le]]; [discriminate|]; destruct (Rle_dec (x a) (x i)) as [L|G].
    + exists a; split; [left; reflexivity | intros k [<-|Hk]; [lra | specialize (Le k Hk); lra]].
    + exists i; split; [right; exact Hi | intros k [<-|Hk]; [lra | apply Le, Hk]].
Qed.

Lemma filter_longer (f h : A -> bool) (s : list A) :
  (forall k, In k s -> f k = true -> h k = true) -> (length (filter f s) <= length (filter h s))%nat.
Proof.
  induction s as [|a s IH]; intros H; simpl; [lia|].
  assert (I : (length (filter f s) <= length (filter h s))%nat) by (apply IH; intros k Hk; apply H; right; exact Hk).
  pose proof (H a (or_introl eq_refl)) as Ha; destruct (f a), (h a); simpl; try lia; discriminate (Ha eq_refl).
Qed.

Theorem T34_count j : INR (length (first_ranks j)) <= INR j.
Proof.
  apply le_INR; destruct (first_ranks j) as [|a s] eqn:E; [simpl; lia|]; rewrite <- E.
  destruct (smallest (first_ranks j)) as [i [Hi Least]]; [rewrite E; discriminate|].
  pose proof Hi as Hr; apply filter_In in Hr; destruct Hr as [_ Hr]; apply Nat.leb_le in Hr.
  apply Nat.le_trans with (rank i); [|exact Hr].
  apply filter_longer; intros k Hk Hkj; unfold at_least.
  destruct (Rle_dec (x i) (x k)) as [_|N]; [reflexivity|]; exfalso; apply N, Least, filter_In; split; assumption.
Qed.

(* The model's place is any of the K + 1 alike: the chance that its p-value rank/(K + 1) is at most j/(K + 1). *)
Corollary T34_level j : (0 < length l)%nat -> INR (length (first_ranks j)) / INR (length l) <= INR j / INR (length l).
Proof. intros H; apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat, lt_0_INR, H | apply T34_count]. Qed.
End Ranks.

Lemma at_least_nat i k : at_least (INR i) (INR k) = Nat.leb i k.
Proof.
  unfold at_least; destruct (Rle_dec (INR i) (INR k)) as [L|G]; symmetry.
  - apply Nat.leb_le, INR_le, L.
  - apply Nat.leb_gt; destruct (Nat.le_gt_cases i k) as [L|]; [elim G; apply le_INR, L | assumption].
Qed.

Lemma count_from n i : length (filter (fun k => at_least (INR i) (INR k)) (seq 0 n)) = (n - i)%nat.
Proof.
  induction n as [|n IH]; [reflexivity|].
  rewrite seq_S, filter_app, app_length, IH; cbn [filter plus]; rewrite at_least_nat.
  destruct (Nat.leb_spec i n); cbn [length]; lia.
Qed.

Theorem T34_attained n j : (j <= n)%nat -> length (first_ranks (seq 0 n) INR j) = j.
Proof.
  intros H; unfold first_ranks.
  rewrite (filter_ext_in _ (fun i => at_least (INR (n - j)) (INR i))).
  - rewrite count_from; lia.
  - intros i Hi; apply in_seq in Hi; unfold rank; rewrite count_from, at_least_nat.
    destruct (Nat.leb_spec (n - i) j), (Nat.leb_spec (n - j) i); reflexivity || lia.
Qed.

(* Cells of ranks: one rank from 0 to K for each of m items. *)
Fixpoint cells (k m : nat) : list (list nat) :=
  match m with
  | O => [[]]
  | S m => map (fun st => fst st :: snd st) (list_prod (seq 0 (S k)) (cells k m))
  end.

Lemma cells_length k m : INR (length (cells k m)) = (INR k + 1) ^ m.
Proof.
  induction m as [|m IH]; [reflexivity|]; cbn [cells].
  rewrite map_length, prod_length, seq_length, mult_INR, IH, S_INR; reflexivity.
Qed.

Lemma law_at_most_one {A} (l : list A) (p : A -> R) i : law l p -> In i l -> p i <= 1.
Proof.
  intros [H E] Hi; rewrite <- E; clear E; induction l as [|a l IH]; [destruct Hi|]; simpl.
  destruct Hi as [->|Hi]; [pose proof (Sum_nonneg l p H); lra | pose proof (H a); specialize (IH Hi); lra].
Qed.

Theorem T34_power k m level (truth test : list nat -> R) :
  law (cells k m) truth -> nonneg test -> Sum (cells k m) (fun x => / INR (length (cells k m)) * test x) <= level ->
  Sum (cells k m) (fun x => truth x * test x) <= level * (INR k + 1) ^ m.
Proof.
  intros Ht H Hl; rewrite Sum_scal, cells_length in Hl.
  assert (P : 0 < (INR k + 1) ^ m) by (apply pow_lt; pose proof (pos_INR k); lra).
  apply Rle_trans with (Sum (cells k m) test).
  - apply Sum_le_in; intros x Hx; pose proof (law_at_most_one _ _ x Ht Hx); pose proof (H x); nra.
  - apply (Rmult_le_compat_r _ _ _ (Rlt_le _ _ P)) in Hl.
    replace (/ (INR k + 1) ^ m * Sum (cells k m) test * (INR k + 1) ^ m) with (Sum (cells k m) test) in Hl by (field; lra); exact Hl.
Qed.
