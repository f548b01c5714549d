(* T33: mixtures of seeds. A seed s has one law in each arm, p s and q s, and probability c s; J n is the expected divergence of the averages over
   n seeds drawn independently. One more seed never raises it (leave one out: the average over n + 1 seeds is the average of n + 1 averages over n),
   and it never falls below the divergence of the seed-averaged laws. Two seeds that are sure of opposite answers: single models differ by
   ln 2 / 2 on average while the seed-averaged laws agree. *)
Require Import Reals List Lra Psatz Lia.
From Mari Require Import Sums Divergence T01_Identity T02_Range T03_DataProcessing T05_Accuracy T26_Constructions.
Import ListNotations.
Open Scope R_scope.

Section Draws.
Context {Seed : Type} (seeds : list Seed) (c : Seed -> R).

Fixpoint draws (n : nat) : list (list Seed) :=
  match n with
  | O => [[]]
  | S n => map (fun st => fst st :: snd st) (list_prod seeds (draws n))
  end.
Fixpoint chance (t : list Seed) : R := match t with [] => 1 | s :: t => c s * chance t end.
Definition expected (n : nat) (f : list Seed -> R) : R := Sum (draws n) (fun t => chance t * f t).

Lemma expected_S n f : expected (S n) f = Sum seeds (fun s => c s * expected n (fun t => f (s :: t))).
Proof.
  unfold expected; simpl; rewrite Sum_map, Sum_prod; apply Sum_ext; intros s; simpl.
  rewrite <- Sum_scal; apply Sum_ext; intros t; ring.
Qed.

Lemma draws_length n t : In t (draws n) -> length t = n.
Proof.
  revert t; induction n as [|n IH]; simpl; intros t.
  - intros [<-|[]]; reflexivity.
  - rewrite in_map_iff; intros [[s u] [<- H]]; simpl; apply in_prod_iff in H; rewrite (IH u); [reflexivity | apply H].
Qed.

Hypothesis Hc : law seeds c.

Lemma chance_nonneg t : 0 <= chance t.
Proof. induction t as [|s t IH]; simpl; [lra | apply Rmult_le_pos; [apply Hc | exact IH]]. Qed.

Lemma expected_const n a : expected n (fun _ => a) = a.
Proof.
  induction n as [|n IH]; [unfold expected; simpl; ring|].
  rewrite expected_S, (Sum_ext _ _ (fun s => c s * a)) by (intros; rewrite IH; reflexivity).
  rewrite Sum_scal_r, (proj2 Hc); ring.
Qed.

Lemma expected_le n f g : (forall t, length t = n -> f t <= g t) -> expected n f <= expected n g.
Proof.
  intros H; apply Sum_le_in; intros t Ht; apply Rmult_le_compat_l; [apply chance_nonneg | apply H, draws_length, Ht].
Qed.

(* The seeds are exchangeable: leaving any one out is as good as drawing one fewer. *)
Fixpoint leave (i : nat) (t : list Seed) : list Seed :=
  match t, i with
  | [], _ => []
  | _ :: t, O => t
  | s :: t, S i => s :: leave i t
  end.

Lemma leave_length i t : (i < length t)%nat -> S (length (leave i t)) = length t.
Proof.
  revert i; induction t as [|s t IH]; intros [|i] H; simpl in *; try lia; rewrite IH; lia.
Qed.

Lemma expected_leave n i f : (i <= n)%nat -> expected (S n) (fun t => f (leave i t)) = expected n f.
Proof.
  revert i f; induction n as [|n IH]; intros [|i] f H; try lia.
  1, 2: rewrite expected_S; cbn [leave]; rewrite Sum_scal_r, (proj2 Hc); apply Rmult_1_l.
  rewrite expected_S, (expected_S n f); apply Sum_ext; intros s; f_equal; cbn [leave].
  apply (IH i (fun t => f (s :: t))); lia.
Qed.

Lemma Sum_leave (f : Seed -> R) t : Sum (seq 0 (length t)) (fun i => Sum (leave i t) f) = (INR (length t) - 1) * Sum t f.
Proof.
  induction t as [|s t IH]; [simpl; ring|].
  simpl length; simpl seq; rewrite <- seq_shift; simpl Sum at 1; rewrite Sum_map; simpl.
  rewrite Sum_plus, IH.
  rewrite (Sum_ext (seq 0 (length t)) (fun _ => f s) (fun _ => f s * 1)) by (intros; ring).
  rewrite Sum_scal.
  assert (E : forall k a, Sum (seq a k) (fun _ => 1) = INR k).
  { induction k as [|k IK]; intros a; [reflexivity|]; rewrite S_INR; simpl; rewrite IK; ring. }
  rewrite E; destruct (length t) as [|k]; [simpl; ring | rewrite !S_INR; ring].
Qed.

Section Arms.
Context {A : Type} (l : list A) (w : R) (p q : Seed -> A -> R).
Hypothesis Hw : 0 < w < 1.
Hypothesis Hp : forall s, nonneg (p s).
Hypothesis Hq : forall s, nonneg (q s).

Definition average (r : Seed -> A -> R) (t : list Seed) (x : A) : R := / INR (length t) * Sum t (fun s => r s x).
Definition J (n : nat) : R := expected n (fun t => JSD w l (average p t) (average q t)).

Lemma average_nonneg r t : (forall s, nonneg (r s)) -> nonneg (average r t).
Proof.
  intros H x; unfold average; destruct t as [|s t]; [simpl; lra|].
  apply Rmult_le_pos; [left; apply Rinv_0_lt_compat, lt_0_INR; simpl; lia | apply Sum_nonneg; intros u; apply H].
Qed.

Lemma average_leave r t x : (2 <= length t)%nat ->
  average r t x = Sum (seq 0 (length t)) (fun i => / INR (length t) * average r (leave i t) x).
Proof.
  intros H; rewrite Sum_scal; unfold average at 1; f_equal.
  rewrite (Sum_ext_in _ _ (fun i => / (INR (length t) - 1) * Sum (leave i t) (fun s => r s x))).
  - rewrite Sum_scal, Sum_leave; apply le_INR in H; simpl in H; field; lra.
  - intros i Hi; apply in_seq in Hi; unfold average; do 2 f_equal.
    rewrite <- (leave_length i t), S_INR by lia; ring.
Qed.

Theorem T33_leave_one_out t : (2 <= length t)%nat ->
  JSD w l (average p t) (average q t)
    <= Sum (seq 0 (length t)) (fun i => / INR (length t) * JSD w l (average p (leave i t)) (average q (leave i t))).
Proof.
  intros H; unfold JSD at 1.
  rewrite (Sum_ext l _ (fun x => g w (Sum (seq 0 (length t)) (fun i => / INR (length t) * average p (leave i t) x))
    (Sum (seq 0 (length t)) (fun i => / INR (length t) * average q (leave i t) x)))).
  - apply (T2_joint_convexity l (seq 0 (length t)) w (fun _ => / INR (length t))); auto; try (intros; apply average_nonneg; assumption).
    intros _; left; apply Rinv_0_lt_compat, lt_0_INR; lia.
  - intros x; rewrite <- !average_leave by exact H; reflexivity.
Qed.

Theorem T33_non_increasing n : (1 <= n)%nat -> J (S n) <= J n.
Proof.
  intros H; unfold J at 1.
  apply Rle_trans with (expected (S n) (fun t =>
    Sum (seq 0 (S n)) (fun i => / INR (S n) * JSD w l (average p (leave i t)) (average q (leave i t))))).
  - apply expected_le; intros t Ht; rewrite <- Ht; apply T33_leave_one_out; lia.
  - unfold expected at 1.
    rewrite (Sum_ext _ _ (fun t => Sum (seq 0 (S n)) (fun i =>
      / INR (S n) * (chance t * JSD w l (average p (leave i t)) (average q (leave i t))))))
      by (intros t; rewrite <- Sum_scal; apply Sum_ext; intros; ring).
    rewrite Sum_swap, (Sum_ext_in _ _ (fun _ => / INR (S n) * J n)).
    + assert (E : forall k a b, Sum (seq a k) (fun _ => b) = INR k * b).
      { induction k as [|k IK]; intros a b; [simpl; ring|]; rewrite S_INR; simpl; rewrite IK; ring. }
      rewrite E; right; field; apply not_0_INR; lia.
    + intros i Hi; apply in_seq in Hi; rewrite Sum_scal; f_equal.
      apply (expected_leave n i (fun t => JSD w l (average p t) (average q t))); lia.
Qed.

Definition seed_average (r : Seed -> A -> R) (x : A) : R := Sum seeds (fun s => c s * r s x).

Lemma expected_sum n f : expected n (fun t => Sum t f) = INR n * Sum seeds (fun s => c s * f s).
Proof.
  induction n as [|n IH]; [unfold expected; simpl; ring|].
  rewrite expected_S, S_INR.
  rewrite (Sum_ext seeds _ (fun s => c s * f s + c s * (INR n * Sum seeds (fun s => c s * f s)))).
  - rewrite Sum_plus, Sum_scal_r, (proj2 Hc); ring.
  - intros s; rewrite <- IH; simpl; unfold expected at 1.
    rewrite (Sum_ext _ _ (fun t => chance t * f s + chance t * Sum t f)) by (intros; ring).
    rewrite Sum_plus; pose proof (expected_const n (f s)) as E; unfold expected in E; rewrite E; fold (expected n (fun t => Sum t f)); ring.
Qed.

Lemma expected_average r n x : (1 <= n)%nat -> expected n (fun t => average r t x) = seed_average r x.
Proof.
  intros H; unfold expected, average.
  rewrite (Sum_ext_in _ _ (fun t => / INR n * (chance t * Sum t (fun s => r s x)))).
  - rewrite Sum_scal; fold (expected n (fun t => Sum t (fun s => r s x))); rewrite expected_sum.
    unfold seed_average; field; apply not_0_INR; lia.
  - intros t Ht; rewrite (draws_length n t Ht); ring.
Qed.

Theorem T33_limit_below n : (1 <= n)%nat -> JSD w l (seed_average p) (seed_average q) <= J n.
Proof.
  intros H; unfold JSD at 1.
  rewrite (Sum_ext l _ (fun x => g w (Sum (draws n) (fun t => chance t * average p t x)) (Sum (draws n) (fun t => chance t * average q t x)))).
  - apply (T2_joint_convexity l (draws n) w chance); auto; try (intros; apply average_nonneg; assumption); intros t; apply chance_nonneg.
  - intros x; rewrite <- !(expected_average _ n x H); reflexivity.
Qed.
End Arms.
End Draws.

(* A seed is a pair of coins, one an arm; each model is sure of its coin's side. *)
Definition fair (s : bool * bool) : R := 1 / 4.
Definition arm0 (s : bool * bool) : bool -> R := sure (fst s).
Definition arm1 (s : bool * bool) : bool -> R := sure (snd s).

Lemma sure_pair a b : JS two (sure a) (sure b) = if Bool.eqb a b then 0 else ln 2.
Proof.
  destruct a, b; simpl; try apply T27_reference_decides.
  unfold JS; rewrite T2_symmetry; replace (1 - 1 / 2) with (1 / 2) by lra; apply T27_reference_decides.
Qed.

Theorem T33_single_models_part :
  JS two (seed_average (list_prod two two) fair arm0) (seed_average (list_prod two two) fair arm1) = 0
    /\ J (list_prod two two) fair two (1 / 2) arm0 arm1 1 = ln 2 / 2.
Proof.
  split.
  - unfold JS; apply (T2_zero_when_equal two (1 / 2)) with (p := seed_average (list_prod two two) fair arm0).
    + split; [intros y; apply Sum_nonneg; intros s; apply Rmult_le_pos; [unfold fair; lra | apply sure_law] |].
      unfold seed_average, fair, arm1, sure; simpl; lra.
    + intros [|]; unfold seed_average, fair, arm0, arm1, sure; simpl; lra.
  - assert (E : forall s, JSD (1 / 2) two (average arm0 [s]) (average arm1 [s]) = if Bool.eqb (fst s) (snd s) then 0 else ln 2).
    { intros s; rewrite <- sure_pair; unfold JS, JSD; apply Sum_ext; intros x; unfold average, arm0, arm1; simpl.
      rewrite !Rplus_0_r, Rinv_1, !Rmult_1_l; reflexivity. }
    unfold J, expected; simpl; rewrite !E; unfold fair; simpl; lra.
Qed.
