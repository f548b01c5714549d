(* T35: the ladder. One token more never lowers the divergence of the prefixes' laws, at any weight; the answers of one owner, each a function of
   all of them together, have on average no more than all of them. An average of processes over seeds, taken prefix by prefix, is a process
   again, so a mixture has the same ladder; products of averaged conditionals are another law: seeds that answer aa or bb against seeds that
   answer ab or ba are told apart with certainty, and agree in their products. *)
Require Import Reals List Lra Psatz.
From Mari Require Import Sums Divergence T01_Identity T02_Range T03_DataProcessing T05_Accuracy T11_ChainRule T26_Constructions.
Import ListNotations.
Open Scope R_scope.

Theorem T35_prefix {A} (l : list A) (w : R) (p q : list A -> R) (t : nat) :
  0 < w < 1 -> process l p -> process l q -> JSD w (words_of l t) p q <= JSD w (words_of l (S t)) p q.
Proof.
  intros Hw [P0 [_ P]] [Q0 [_ Q]]; unfold JSD; simpl; rewrite Sum_map, Sum_prod.
  apply Sum_le; intros x; rewrite (P x), (Q x); unfold word_step; simpl.
  apply (g_subadditive w Hw l (fun y => p (y :: x)) (fun y => q (y :: x))); intros y; [apply P0 | apply Q0].
Qed.

(* Each answer of an owner is what a channel K i makes of all of them. *)
Theorem T35_owner {A B I} (all : list A) (one : list B) (i : list I) (c : I -> R) (K : I -> A -> B -> R) (w : R) (p q : A -> R) :
  0 < w < 1 -> law i c -> (forall j, stochastic one (K j)) -> nonneg p -> nonneg q ->
  Sum i (fun j => c j * JSD w one (push all (K j) p) (push all (K j) q)) <= JSD w all p q.
Proof.
  intros Hw [C0 C1] HK Hp Hq.
  apply Rle_trans with (Sum i (fun j => c j * JSD w all p q)).
  - apply Sum_le; intros j; apply Rmult_le_compat_l; [apply C0 | apply T3_data_processing; auto].
  - rewrite Sum_scal_r, C1; lra.
Qed.

Theorem T35_mixture {A I} (l : list A) (i : list I) (c : I -> R) (p : I -> list A -> R) :
  law i c -> (forall j, process l (p j)) -> process l (fun x => Sum i (fun j => c j * p j x)).
Proof.
  intros [C0 C1] H; split; [|split].
  - intros x; apply Sum_nonneg; intros j; apply Rmult_le_pos; [apply C0 | apply H].
  - rewrite <- C1; apply Sum_ext; intros j; rewrite (proj1 (proj2 (H j))); ring.
  - intros x; rewrite Sum_swap; apply Sum_ext; intros j; rewrite Sum_scal, (proj2 (proj2 (H j)) x); reflexivity.
Qed.

(* Two tokens; a seed says a first token and then, whatever came first, repeats it or changes it. *)
Definition says (repeats : bool) (seed : bool) (s : bool * bool) : R := sure seed (fst s) * sure (Bool.eqb repeats (fst s)) (snd s).
Definition mixture_of (repeats : bool) (s : bool * bool) : R := Sum two (fun seed => 1 / 2 * says repeats seed s).
(* The second token of a seed given a first one that it never says: the seed still says its own pair's second token. *)
Definition second (repeats seed : bool) : bool := Bool.eqb repeats seed.
Definition products_of (repeats : bool) (s : bool * bool) : R :=
  Sum two (fun seed => 1 / 2 * sure seed (fst s)) * Sum two (fun seed => 1 / 2 * sure (second repeats seed) (snd s)).

Theorem T35_products_are_another_law :
  JS (list_prod two two) (mixture_of true) (mixture_of false) = ln 2
    /\ JS (list_prod two two) (products_of true) (products_of false) = 0.
Proof.
  assert (L : forall r, law (list_prod two two) (mixture_of r)).
  { intros r; split; [intros s; unfold mixture_of, says, sure; simpl; destruct (fst s), (snd s), r; simpl; lra|].
    destruct r; unfold mixture_of, says, sure; simpl; lra. }
  assert (M : forall r, law (list_prod two two) (products_of r)).
  { intros r; split; [intros s; unfold products_of, second, sure; simpl; destruct (fst s), (snd s), r; simpl; lra|].
    destruct r; unfold products_of, second, sure; simpl; lra. }
  split; unfold JS.
  - rewrite <- h_half; apply T2_entropy_when_disjoint; auto using half_in.
    intros [[|] [|]]; unfold mixture_of, says, sure; simpl; lra.
  - apply T2_zero_when_equal; auto using half_in.
    intros [[|] [|]]; unfold products_of, second, sure; simpl; lra.
Qed.
