(* T11: the divergence of the joint law of two outputs is that of the first plus the expected divergence of the second given the first, at
   the running posterior weight; and, by iteration, the divergence of all sequences of T tokens is the sum over positions. Dependent
   outputs are allowed, and prefixes that one arm (or both) excludes. *)
Require Import Reals List Lra Psatz.
From Mari Require Import Sums Divergence T02_Range T05_Accuracy.
Import ListNotations.
Open Scope R_scope.

Lemma split_term a m c f : 0 <= a -> 0 < c -> 0 <= f -> (f = 0 -> a = 0) -> 0 <= m -> (m = 0 -> a = 0) ->
  kt a m = f * kt (a / f) (m / c) + a * ln (f / c).
Proof.
  intros Ha Hc Hf Zf Hm Z; destruct (Req_dec a 0) as [->|N].
  - unfold Rdiv at 1; rewrite Rmult_0_l, !kt_0_l; ring.
  - assert (0 < a) by lra.
    assert (0 < f) by (destruct (Req_dec f 0) as [E|]; [specialize (Zf E); lra | lra]).
    assert (0 < m) by (destruct (Req_dec m 0) as [E|]; [specialize (Z E); lra | lra]).
    assert (0 < a / f) by (apply Rdiv_lt_0_compat; lra).
    assert (0 < m / c) by (apply Rdiv_lt_0_compat; lra).
    rewrite !kt_pos, !ln_div by lra; field; lra.
Qed.

(* The next output, given what has been seen: masses a and b over the list k. *)
Lemma one_step {B} (k : list B) (w : R) (a b : B -> R) : 0 < w < 1 -> nonneg a -> nonneg b ->
  let f := Sum k a in let f' := Sum k b in let c := mid w f f' in
  Sum k (fun y => g w (a y) (b y)) = g w f f' + c * Sum k (fun y => g (w * f' / c) (a y / f) (b y / f')).
Proof.
  intros Hw Ha Hb f f' c.
  assert (Hf : 0 <= f) by (apply Sum_nonneg; exact Ha).
  assert (Hf' : 0 <= f') by (apply Sum_nonneg; exact Hb).
  assert (Hc : 0 <= c) by (apply mid_nonneg; assumption).
  destruct (Req_dec c 0) as [E|N].
  - pose proof (mid_zero_l w Hw f f' Hf Hf' E) as F; pose proof (mid_zero_r w Hw f f' Hf Hf' E) as F'.
    rewrite E, F, F', g_same by lra; rewrite (Sum_ext_in k _ (fun _ => 0)); [rewrite Sum_const0; ring|].
    intros y Hy; rewrite (Sum_zero_terms k a y Ha F Hy), (Sum_zero_terms k b y Hb F' Hy); apply g_same; lra.
  - assert (Pc : 0 < c) by lra; rewrite <- Sum_scal.
    transitivity (Sum k (fun y => c * g (w * f' / c) (a y / f) (b y / f') + ((1 - w) * ln (f / c)) * a y + (w * ln (f' / c)) * b y)).
    + apply Sum_ext_in; intros y Hy; pose proof (Ha y) as A; pose proof (Hb y) as B'.
      assert (Za : f = 0 -> a y = 0) by (intros F; apply (Sum_zero_terms k a y Ha F Hy)).
      assert (Zb : f' = 0 -> b y = 0) by (intros F; apply (Sum_zero_terms k b y Hb F Hy)).
      assert (Ra : f * (a y / f) = a y) by (destruct (Req_dec f 0) as [F|F]; [rewrite (Za F), F; ring | field; exact F]).
      assert (Rb : f' * (b y / f') = b y) by (destruct (Req_dec f' 0) as [F|F]; [rewrite (Zb F), F; ring | field; exact F]).
      assert (E : 1 - w * f' / c = (1 - w) * f / c) by (field_simplify_eq; [unfold c, mid; ring | lra]).
      assert (Mix : mid (w * f' / c) (a y / f) (b y / f') = mid w (a y) (b y) / c).
      { unfold mid at 1; rewrite E; transitivity (((1 - w) * (f * (a y / f)) + w * (f' * (b y / f'))) / c);
          [unfold Rdiv; ring | rewrite Ra, Rb; reflexivity]. }
      set (m := mid w (a y) (b y)) in *.
      assert (Hm : 0 <= m) by (apply mid_nonneg; auto).
      unfold g; rewrite Mix, E; fold m.
      rewrite (split_term (a y) m c f); auto; [|apply (mid_zero_l w Hw); auto].
      rewrite (split_term (b y) m c f'); auto; [|apply (mid_zero_r w Hw); auto].
      field; lra.
    + rewrite !Sum_plus, !Sum_scal; fold f; fold f'; unfold g at 2; fold c; unfold kt; ring.
Qed.

Section Two.
Context {A B : Type} (l : list A) (k : list B) (w : R) (p q : A * B -> R).
Hypothesis Hw : 0 < w < 1.
Hypothesis Hp : law (list_prod l k) p.
Hypothesis Hq : law (list_prod l k) q.

Definition first (r : A * B -> R) (x : A) : R := Sum k (fun y => r (x, y)).
Definition given (r : A * B -> R) (x : A) (y : B) : R := r (x, y) / first r x.
Definition posterior (x : A) : R := w * first q x / mid w (first p x) (first q x).

Theorem T11_chain_rule :
  JSD w (list_prod l k) p q
    = JSD w l (first p) (first q)
      + Sum l (fun x => mid w (first p x) (first q x) * JSD (posterior x) k (given p x) (given q x)).
Proof.
  unfold JSD; rewrite Sum_prod, <- Sum_plus; apply Sum_ext; intros x.
  apply (one_step k w (fun y => p (x, y)) (fun y => q (x, y)) Hw); intros y; [apply (proj1 Hp) | apply (proj1 Hq)].
Qed.
End Two.

Section Sequences.
Context {A : Type} (l : list A).

(* Words, newest token first; p x is the probability that a sequence starts with x. *)
Definition word_step (s : list A * A) : list A := snd s :: fst s.
Fixpoint words_of (t : nat) : list (list A) :=
  match t with
  | O => [[]]
  | S t => map word_step (list_prod (words_of t) l)
  end.
Definition process (p : list A -> R) : Prop := nonneg p /\ p [] = 1 /\ forall x, p x = Sum l (fun y => p (y :: x)).
Definition next (p : list A -> R) (x : list A) (y : A) : R := p (y :: x) / p x.

Context (w : R) (p q : list A -> R).
Hypothesis Hw : 0 < w < 1.
Hypothesis Hp : process p.
Hypothesis Hq : process q.
Definition running (x : list A) : R := w * q x / mid w (p x) (q x).

Fixpoint information (t : nat) : R :=
  match t with
  | O => 0
  | S t => information t + Sum (words_of t) (fun x => mid w (p x) (q x) * JSD (running x) l (next p x) (next q x))
  end.

Theorem T11_sequences t : JSD w (words_of t) p q = information t.
Proof.
  destruct Hp as [P0 [P1 P]]; destruct Hq as [Q0 [Q1 Q]].
  induction t as [|t IH].
  - unfold JSD; simpl; rewrite P1, Q1, g_same by lra; ring.
  - simpl information; rewrite <- IH; unfold JSD; simpl words_of; rewrite Sum_map, Sum_prod, <- Sum_plus.
    apply Sum_ext; intros x; unfold running, next, word_step; cbn [fst snd].
    pose proof (one_step l w (fun y => p (y :: x)) (fun y => q (y :: x)) Hw ltac:(intros y; apply P0) ltac:(intros y; apply Q0)) as S.
    cbv zeta in S; rewrite <- !P, <- !Q in S; exact S.
Qed.
End Sequences.
