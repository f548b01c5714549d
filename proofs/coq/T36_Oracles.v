(* T36: which oracle. Further training that both arms receive is a channel on models, so it never raises the divergence of the laws over models, and
   the answers of trained models carry no more than the laws over models did. It may raise the divergence of answers: two models that
   answer alike can be trained into two that never do. And the unlearned model may equal one oracle and never answer like the other, either way. *)
Require Import Reals List Lra Psatz.
From Mari Require Import Sums Divergence T01_Identity T02_Range T03_DataProcessing T05_Accuracy T26_Constructions.
Import ListNotations.
Open Scope R_scope.

Section Training.
Context {M A : Type} (models : list M) (answers : list A) (w : R) (p q : M -> R) (train : M -> M -> R) (says : M -> A -> R).
Hypothesis Hw : 0 < w < 1.
Hypothesis Ht : stochastic models train.
Hypothesis Hs : stochastic answers says.
Hypothesis Hp : law models p.
Hypothesis Hq : law models q.

Theorem T36_common_training : JSD w models (push models train p) (push models train q) <= JSD w models p q.
Proof. apply T3_data_processing; [exact Hw | exact Ht | apply Hp | apply Hq]. Qed.

Theorem T36_answers :
  JSD w answers (push models says (push models train p)) (push models says (push models train q)) <= JSD w models p q.
Proof.
  eapply Rle_trans; [|apply T36_common_training].
  apply T3_data_processing; [exact Hw | exact Hs | apply (push_law models models train p) | apply (push_law models models train q)]; assumption || apply Hp || apply Hq.
Qed.
End Training.

(* Four models: what is inside (true or false) and whether training has let it out; before that every model says true. *)
Definition four : list (bool * bool) := list_prod two two.
Definition model (m k : bool * bool) : R := sure (fst m) (fst k) * sure (snd m) (snd k).
Definition let_out (m : bool * bool) : bool * bool -> R := model (fst m, true).
Definition answer (m : bool * bool) : bool -> R := sure (if snd m then fst m else true).
Definition hidden (inside : bool) : bool * bool -> R := model (inside, false).

Lemma two_answers_law (f : bool -> R) a : (forall y, f y = sure a y) -> law two f.
Proof. intros E; split; [intros y; rewrite E; apply sure_law | rewrite (Sum_ext _ _ (sure a) E); apply sure_law]. Qed.

Theorem T36_answers_may_part :
  JS two (push four answer (hidden true)) (push four answer (hidden false)) = 0
    /\ JS two (push four answer (push four let_out (hidden true))) (push four answer (push four let_out (hidden false))) = ln 2.
Proof.
  assert (B : forall i y, push four answer (hidden i) y = sure true y).
  { intros [|] [|]; unfold push, answer, hidden, model, sure; simpl; lra. }
  assert (T : forall i y, push four answer (push four let_out (hidden i)) y = sure i y).
  { intros [|] [|]; unfold push, answer, let_out, hidden, model, sure; simpl; lra. }
  split; unfold JS.
  - apply T2_zero_when_equal; try apply half_in; try apply (two_answers_law _ true); auto; intros y; rewrite !B; reflexivity.
  - rewrite <- h_half; apply T2_entropy_when_disjoint; try apply half_in; try (eapply two_answers_law; apply T).
    intros y; rewrite !T; destruct y; unfold sure; simpl; auto.
Qed.

(* The oracle is `hidden false`, the processed oracle what training makes of it: they answer differently, so no model is near both. *)
Theorem T36_one_oracle_is_not_the_other :
  JS two (push four answer (hidden false)) (push four answer (push four let_out (hidden false))) = ln 2.
Proof.
  assert (B : forall y, push four answer (hidden false) y = sure true y).
  { intros [|]; unfold push, answer, hidden, model, sure; simpl; lra. }
  assert (T : forall y, push four answer (push four let_out (hidden false)) y = sure false y).
  { intros [|]; unfold push, answer, let_out, hidden, model, sure; simpl; lra. }
  unfold JS; rewrite <- h_half; apply T2_entropy_when_disjoint; try apply half_in.
  - apply (two_answers_law _ true), B.
  - apply (two_answers_law _ false), T.
  - intros y; rewrite B, T; destruct y; unfold sure; simpl; auto.
Qed.
