(* Finite sums over a list. An alphabet is a list, a law is a function to the reals that is non-negative and sums to 1 over it;
   product alphabets are list products. Everything below is proved by induction on lists of symbols. *)
Require Import Reals List Lra Psatz.
Import ListNotations.
Open Scope R_scope.

Fixpoint Sum {A : Type} (l : list A) (f : A -> R) : R :=
  match l with
  | nil => 0
  | x :: t => f x + Sum t f
  end.

Definition nonneg {A : Type} (f : A -> R) : Prop := forall x, 0 <= f x.
Definition law {A : Type} (l : list A) (p : A -> R) : Prop := nonneg p /\ Sum l p = 1.

Section Sums.
Context {A B : Type}.

Lemma Sum_ext (l : list A) f g : (forall x, f x = g x) -> Sum l f = Sum l g.
Proof. intros H; induction l as [|x t IH]; simpl; [reflexivity | rewrite H, IH; reflexivity]. Qed.

Lemma Sum_le (l : list A) f g : (forall x, f x <= g x) -> Sum l f <= Sum l g.
Proof. intros H; induction l as [|x t IH]; simpl; [lra | specialize (H x); lra]. Qed.

Lemma Sum_plus (l : list A) f g : Sum l (fun x => f x + g x) = Sum l f + Sum l g.
Proof. induction l as [|x t IH]; simpl; [lra | rewrite IH; lra]. Qed.

Lemma Sum_minus (l : list A) f g : Sum l (fun x => f x - g x) = Sum l f - Sum l g.
Proof. induction l as [|x t IH]; simpl; [lra | rewrite IH; lra]. Qed.

Lemma Sum_scal (l : list A) c f : Sum l (fun x => c * f x) = c * Sum l f.
Proof. induction l as [|x t IH]; simpl; [lra | rewrite IH; lra]. Qed.

Lemma Sum_scal_r (l : list A) c f : Sum l (fun x => f x * c) = Sum l f * c.
Proof. induction l as [|x t IH]; simpl; [lra | rewrite IH; lra]. Qed.

Lemma Sum_const0 (l : list A) : Sum l (fun _ => 0) = 0.
Proof. induction l as [|x t IH]; simpl; lra. Qed.

Lemma Sum_nonneg (l : list A) f : nonneg f -> 0 <= Sum l f.
Proof. intros H; induction l as [|x t IH]; simpl; [lra | specialize (H x); lra]. Qed.

Lemma Sum_app (l k : list A) f : Sum (l ++ k) f = Sum l f + Sum k f.
Proof. induction l as [|x t IH]; simpl; [lra | rewrite IH; lra]. Qed.

Lemma Sum_map (l : list B) (h : B -> A) f : Sum (map h l) f = Sum l (fun x => f (h x)).
Proof. induction l as [|x t IH]; simpl; [reflexivity | rewrite IH; reflexivity]. Qed.

End Sums.

Lemma Sum_swap {A B : Type} (l : list A) (k : list B) f :
  Sum l (fun x => Sum k (fun y => f x y)) = Sum k (fun y => Sum l (fun x => f x y)).
Proof.
  induction l as [|x t IH]; simpl.
  - symmetry; apply Sum_const0.
  - rewrite IH, <- Sum_plus; reflexivity.
Qed.

Lemma Sum_prod {A B : Type} (l : list A) (k : list B) f :
  Sum (list_prod l k) f = Sum l (fun x => Sum k (fun y => f (x, y))).
Proof.
  induction l as [|x t IH]; simpl; [reflexivity|].
  rewrite Sum_app, IH, Sum_map; reflexivity.
Qed.

Lemma Sum_zero_terms {A : Type} (l : list A) f x : nonneg f -> Sum l f = 0 -> In x l -> f x = 0.
Proof.
  intros Hf; induction l as [|y t IH]; simpl; intros H Hin; [contradiction|].
  pose proof (Hf y); pose proof (Sum_nonneg t f Hf).
  destruct Hin as [<-|Hin]; [lra | apply IH; [lra | exact Hin]].
Qed.

Lemma Sum_le_in {A : Type} (l : list A) f g : (forall x, In x l -> f x <= g x) -> Sum l f <= Sum l g.
Proof.
  intros H; induction l as [|x t IH]; simpl; [lra|].
  pose proof (H x (or_introl eq_refl)); assert (Sum t f <= Sum t g) by (apply IH; intros y Hy; apply H; right; exact Hy); lra.
Qed.

Lemma Sum_ext_in {A : Type} (l : list A) f g : (forall x, In x l -> f x = g x) -> Sum l f = Sum l g.
Proof.
  intros H; apply Rle_antisym; apply Sum_le_in; intros x Hx; rewrite (H x Hx); lra.
Qed.

Lemma Sum_abs {A : Type} (l : list A) f : Rabs (Sum l f) <= Sum l (fun x => Rabs (f x)).
Proof.
  induction l as [|x t IH]; simpl; [rewrite Rabs_R0; lra|].
  pose proof (Rabs_triang (f x) (Sum t f)); lra.
Qed.
