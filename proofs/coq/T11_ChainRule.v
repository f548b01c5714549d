(* T11, two steps (more by iteration): the divergence of the joint law of two outputs is that of the first plus the expected divergence of
   the second given the first, at the running posterior weight. Dependent outputs are allowed; every first output has positive
   probability under both arms. *)
Require Import Reals List Lra Psatz.
From Mari Require Import Sums Divergence T02_Range T05_Accuracy.
Open Scope R_scope.

Section T11.
Context {A B : Type} (l : list A) (k : list B) (w : R) (p q : A * B -> R).
Hypothesis Hw : 0 < w < 1.
Hypothesis Hp : law (list_prod l k) p.
Hypothesis Hq : law (list_prod l k) q.

Definition first (r : A * B -> R) (x : A) : R := Sum k (fun y => r (x, y)).
Definition given (r : A * B -> R) (x : A) (y : B) : R := r (x, y) / first r x.
Definition posterior (x : A) : R := w * first q x / mid w (first p x) (first q x).

Lemma first_nonneg r : nonneg r -> nonneg (first r).
Proof. intros H x; apply Sum_nonneg; intros y; apply H. Qed.

(* Where one arm excludes a first output the posterior is 0 or 1 and the term is 0; that case is left out here. *)
Hypothesis Pp : forall x, 0 < first p x.
Hypothesis Pq : forall x, 0 < first q x.

Lemma posterior_range x : 0 < posterior x < 1.
Proof.
  specialize (Pp x); specialize (Pq x); unfold posterior, mid.
  assert (0 < (1 - w) * first p x) by (apply Rmult_lt_0_compat; lra).
  assert (0 < w * first q x) by (apply Rmult_lt_0_compat; lra).
  split.
  - apply Rdiv_lt_0_compat; lra.
  - apply Rmult_lt_reg_r with ((1 - w) * first p x + w * first q x); [lra|].
    replace (w * first q x / ((1 - w) * first p x + w * first q x) * ((1 - w) * first p x + w * first q x)) with (w * first q x) by (field; lra).
    lra.
Qed.

Lemma split_term a m c f : 0 <= a -> 0 < c -> 0 < f -> 0 <= m -> (m = 0 -> a = 0) ->
  kt a m = f * kt (a / f) (m / c) + a * ln (f / c).
Proof.
  intros Ha Hc Hf Hm Z; destruct (Req_dec a 0) as [->|N].
  - unfold Rdiv at 1; rewrite Rmult_0_l, !kt_0_l; ring.
  - assert (0 < a) by lra.
    assert (0 < m) by (destruct (Req_dec m 0) as [E|]; [specialize (Z E); lra | lra]).
    assert (0 < a / f) by (apply Rdiv_lt_0_compat; lra).
    assert (0 < m / c) by (apply Rdiv_lt_0_compat; lra).
    rewrite !kt_pos, !ln_div by lra; field; lra.
Qed.

Theorem T11_chain_rule :
  JSD w (list_prod l k) p q
    = JSD w l (first p) (first q)
      + Sum l (fun x => mid w (first p x) (first q x) * JSD (posterior x) k (given p x) (given q x)).
Proof.
  unfold JSD; rewrite Sum_prod, <- Sum_plus; apply Sum_ext; intros x.
  pose proof (Pp x) as Fp; pose proof (Pq x) as Fq; pose proof (posterior_range x) as Rx.
  set (f := first p x) in *; set (f' := first q x) in *; set (c := mid w f f').
  assert (Hc : 0 < c) by (unfold c, mid; nra).
  assert (Mix : forall y, mid (posterior x) (given p x y) (given q x y) = mid w (p (x, y)) (q (x, y)) / c).
  { intros y; unfold posterior, given; fold f; fold f'; fold c; unfold mid at 1; unfold mid at 1; fold c.
    assert (E : 1 - w * f' / c = (1 - w) * f / c) by (field_simplify_eq; [unfold c, mid; ring | lra]).
    rewrite E; field; lra. }
  rewrite <- Sum_scal.
  transitivity (Sum k (fun y => c * g (posterior x) (given p x y) (given q x y) + ((1 - w) * ln (f / c)) * p (x, y) + (w * ln (f' / c)) * q (x, y))).
  - apply Sum_ext; intros y.
    pose proof (proj1 Hp (x, y)) as P0; pose proof (proj1 Hq (x, y)) as Q0.
    set (m := mid w (p (x, y)) (q (x, y))).
    assert (Hm : 0 <= m) by (apply mid_nonneg; auto).
    unfold g; rewrite Mix; fold m.
    rewrite (split_term (p (x, y)) m c f); auto; [|apply (mid_zero_l w Hw); auto].
    rewrite (split_term (q (x, y)) m c f'); auto; [|apply (mid_zero_r w Hw); auto].
    unfold given, posterior; fold f; fold f'; fold c.
    assert (E : 1 - w * f' / c = (1 - w) * f / c) by (field_simplify_eq; [unfold c, mid; ring | lra]).
    rewrite E; field; lra.
  - rewrite !Sum_plus, !Sum_scal; fold (first p x); fold (first q x); fold f; fold f'.
    unfold g; fold c; rewrite !kt_pos, !ln_div by lra; ring.
Qed.
End T11.
