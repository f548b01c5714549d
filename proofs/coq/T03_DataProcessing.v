(* T3: a stochastic channel K(x -> y) never raises the divergence, at any weight; merging symbols is a channel.
   Joint convexity (part of T2, the whole of T25) is T3 for the channel that forgets which pair was drawn. *)
Require Import Reals List Lra Psatz.
From Mari Require Import Sums Divergence.
Open Scope R_scope.

Definition push {A B} (l : list A) (K : A -> B -> R) (p : A -> R) (y : B) : R := Sum l (fun x => p x * K x y).
Definition stochastic {A B} (k : list B) (K : A -> B -> R) : Prop := forall x, law k (K x).

Section T3.
Context {A B : Type} (l : list A) (k : list B) (K : A -> B -> R) (w : R) (p q : A -> R).
Hypothesis Hw : 0 < w < 1.
Hypothesis HK : stochastic k K.
Hypothesis Hp : nonneg p.
Hypothesis Hq : nonneg q.

Lemma push_law : law l p -> law k (push l K p).
Proof.
  intros [_ S]; split.
  - intros y; apply Sum_nonneg; intros x; apply Rmult_le_pos; [apply Hp | apply HK].
  - unfold push; rewrite <- Sum_swap.
    rewrite (Sum_ext l _ p); [exact S|]; intros x; rewrite Sum_scal, (proj2 (HK x)); ring.
Qed.

Theorem T3_data_processing : JSD w k (push l K p) (push l K q) <= JSD w l p q.
Proof.
  unfold JSD, push.
  apply Rle_trans with (Sum k (fun y => Sum l (fun x => g w (p x * K x y) (q x * K x y)))).
  - apply Sum_le; intros y; apply g_subadditive; auto; intros x; apply Rmult_le_pos; auto; apply HK.
  - rewrite <- Sum_swap; apply Sum_le; intros x.
    rewrite (Sum_ext k _ (fun y => g w (p x) (q x) * K x y)).
    + rewrite Sum_scal, (proj2 (HK x)); lra.
    + intros y; rewrite !(Rmult_comm _ (K x y)); apply g_hom; auto; apply HK.
Qed.
End T3.

Definition merge {A B} (eqb : B -> B -> bool) (f : A -> B) (x : A) (y : B) : R := if eqb (f x) y then 1 else 0.

(* A deterministic map whose image is listed once is such a channel. *)
Lemma merge_stochastic {A B} (k : list B) (eqb : B -> B -> bool) (f : A -> B) :
  (forall x, Sum k (fun y => merge eqb f x y) = 1) -> stochastic k (merge eqb f).
Proof. intros H x; split; [intros y; unfold merge; destruct (eqb (f x) y); lra | apply H]. Qed.

Section Convexity.
Context {A I : Type} (l : list A) (i : list I) (w : R) (c : I -> R) (p q : I -> A -> R).
Hypothesis Hw : 0 < w < 1.
Hypothesis Hc : nonneg c.
Hypothesis Hp : forall j, nonneg (p j).
Hypothesis Hq : forall j, nonneg (q j).

Theorem T2_joint_convexity :
  JSD w l (fun x => Sum i (fun j => c j * p j x)) (fun x => Sum i (fun j => c j * q j x)) <= Sum i (fun j => c j * JSD w l (p j) (q j)).
Proof.
  unfold JSD.
  apply Rle_trans with (Sum l (fun x => Sum i (fun j => g w (c j * p j x) (c j * q j x)))).
  - apply Sum_le; intros x; apply g_subadditive; auto; intros j; apply Rmult_le_pos; auto; [apply Hp | apply Hq].
  - rewrite Sum_swap; apply Sum_le; intros j; rewrite <- Sum_scal; apply Sum_le; intros x.
    rewrite g_hom; auto; [lra | apply Hp | apply Hq].
Qed.
End Convexity.

(* T25: arms that are averages over K and L seeds are at most as far apart as their members on average. *)
Theorem T25_seeds {A I J} (l : list A) (i : list I) (j : list J) (w : R) (c : I -> R) (d : J -> R) (p : I -> A -> R) (q : J -> A -> R) :
  0 < w < 1 -> law i c -> law j d -> (forall s, nonneg (p s)) -> (forall s, nonneg (q s)) ->
  JSD w l (fun x => Sum i (fun s => c s * p s x)) (fun x => Sum j (fun t => d t * q t x))
    <= Sum i (fun s => Sum j (fun t => c s * d t * JSD w l (p s) (q t))).
Proof.
  intros Hw [Hc Sc] [Hd Sd] Hp Hq.
  assert (E1 : forall x, Sum i (fun s => c s * p s x) = Sum (list_prod i j) (fun st => c (fst st) * d (snd st) * p (fst st) x)).
  { intros x; rewrite Sum_prod; apply Sum_ext; intros s; simpl.
    rewrite (Sum_ext j _ (fun t => (c s * p s x) * d t)) by (intros; ring); rewrite Sum_scal, Sd; ring. }
  assert (E2 : forall x, Sum j (fun t => d t * q t x) = Sum (list_prod i j) (fun st => c (fst st) * d (snd st) * q (snd st) x)).
  { intros x; rewrite Sum_prod; simpl.
    rewrite (Sum_ext i _ (fun s => Sum j (fun t => d t * q t x) * c s)).
    - rewrite Sum_scal, Sc; ring.
    - intros s; rewrite <- Sum_scal_r; apply Sum_ext; intros; ring. }
  unfold JSD at 1; rewrite (Sum_ext l _ (fun x => g w (Sum (list_prod i j) (fun st => c (fst st) * d (snd st) * p (fst st) x))
    (Sum (list_prod i j) (fun st => c (fst st) * d (snd st) * q (snd st) x)))) by (intros x; rewrite E1, E2; reflexivity).
  eapply Rle_trans.
  - apply (T2_joint_convexity l (list_prod i j) w (fun st => c (fst st) * d (snd st)) (fun st => p (fst st)) (fun st => q (snd st))); auto.
    intros st; apply Rmult_le_pos; auto.
  - rewrite Sum_prod; simpl; lra.
Qed.
