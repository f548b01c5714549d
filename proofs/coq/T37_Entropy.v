(* T37: the entropies of two laws on V symbols differ by at most t ln(V - 1) + h(t), t their total variation; attained. What both laws share cancels:
   H(P) is at most the entropies of the shared part and of the rest, H(Q) at least those less h(t), and the rest of P misses a symbol. *)
Require Import Reals List Lra Psatz Lia.
From Mari Require Import Sums Divergence T01_Identity T02_Range T05_Accuracy.
Import ListNotations.
Open Scope R_scope.

Definition xlogx (u : R) : R := u * ln u.
Definition entropy {A} (l : list A) (p : A -> R) : R := - Sum l (fun x => xlogx (p x)).

Lemma ln_le u v : 0 < u -> u <= v -> ln u <= ln v.
Proof. intros Hu [L| ->]; [left; apply ln_increasing; assumption | lra]. Qed.

Lemma xlogx_0 : xlogx 0 = 0.
Proof. unfold xlogx; ring. Qed.

Lemma xlogx_grows u v : 0 <= u -> u <= v -> u * ln u <= u * ln v.
Proof. intros [Hu|<-] L; [apply Rmult_le_compat_l; [lra | apply ln_le; lra] | lra]. Qed.

Lemma xlogx_superadditive u v : 0 <= u -> 0 <= v -> xlogx u + xlogx v <= xlogx (u + v).
Proof.
  intros Hu Hv; unfold xlogx; pose proof (xlogx_grows u (u + v) Hu ltac:(lra)); pose proof (xlogx_grows v (u + v) Hv ltac:(lra)); lra.
Qed.

Lemma kt_split u v : 0 <= u -> 0 <= v -> kt u (u + v) = xlogx u - u * ln (u + v).
Proof.
  intros Hu Hv; destruct (Req_dec u 0) as [->|N]; [rewrite kt_0_l, xlogx_0; ring|].
  unfold xlogx; rewrite kt_pos by lra; ring.
Qed.

Lemma term_le_sum {A} (k : list A) f x : nonneg f -> In x k -> f x <= Sum k f.
Proof.
  intros Hf; induction k as [|y k IH]; simpl; [contradiction|]; intros Hx.
  pose proof (Sum_nonneg k f Hf); pose proof (Hf y); destruct Hx as [-> |Hx]; [lra | specialize (IH Hx); lra].
Qed.

Section Parts.
Context {A : Type} (l : list A) (p q : A -> R).
Hypothesis Hp : law l p.
Hypothesis Hq : law l q.
Let m (x : A) : R := Rmin (p x) (q x).
Let r (x : A) : R := p x - m x.
Let s (x : A) : R := q x - m x.
Let t : R := TV l p q.

Lemma m_nonneg x : 0 <= m x.
Proof. unfold m; apply Rmin_glb; [apply Hp | apply Hq]. Qed.
Lemma r_nonneg x : 0 <= r x.
Proof. unfold r, m; pose proof (Rmin_l (p x) (q x)); lra. Qed.
Lemma s_nonneg x : 0 <= s x.
Proof. unfold s, m; pose proof (Rmin_r (p x) (q x)); lra. Qed.
Lemma m_sum : Sum l m = 1 - t.
Proof. unfold m, t; apply min_sum; assumption. Qed.
Lemma r_sum : Sum l r = t.
Proof. unfold r; rewrite Sum_minus, m_sum, (proj2 Hp); ring. Qed.
Lemma s_sum : Sum l s = t.
Proof. unfold s; rewrite Sum_minus, m_sum, (proj2 Hq); ring. Qed.

Lemma above : entropy l p <= - Sum l (fun x => xlogx (m x)) - Sum l (fun x => xlogx (r x)).
Proof.
  assert (T : Sum l (fun x => xlogx (m x) + xlogx (r x)) <= Sum l (fun x => xlogx (p x))).
  { apply Sum_le; intros x; replace (p x) with (m x + r x) by (unfold r; ring).
    apply xlogx_superadditive; [apply m_nonneg | apply r_nonneg]. }
  rewrite Sum_plus in T; unfold entropy; lra.
Qed.

Lemma below : - Sum l (fun x => xlogx (m x)) - Sum l (fun x => xlogx (s x)) - h t <= entropy l q.
Proof.
  assert (Q : nonneg (fun x => m x + s x)) by (intros x; pose proof (m_nonneg x); pose proof (s_nonneg x); lra).
  assert (QS : Sum l (fun x => m x + s x) = 1) by (rewrite Sum_plus, m_sum, s_sum; ring).
  pose proof (log_sum l m (fun x => m x + s x) m_nonneg Q) as L1.
  pose proof (log_sum l s (fun x => m x + s x) s_nonneg Q) as L2.
  assert (Z1 : forall x, m x + s x = 0 -> m x = 0) by (intros x E; pose proof (m_nonneg x); pose proof (s_nonneg x); lra).
  assert (Z2 : forall x, m x + s x = 0 -> s x = 0) by (intros x E; pose proof (m_nonneg x); pose proof (s_nonneg x); lra).
  specialize (L1 Z1); specialize (L2 Z2); rewrite QS, m_sum in L1; rewrite QS, s_sum in L2.
  assert (E : Sum l (fun x => kt (m x) (m x + s x)) + Sum l (fun x => kt (s x) (m x + s x)) =
    Sum l (fun x => xlogx (m x)) + Sum l (fun x => xlogx (s x)) - Sum l (fun x => xlogx (q x))).
  { rewrite <- !Sum_plus, <- Sum_minus; apply Sum_ext; intros x; pose proof (m_nonneg x); pose proof (s_nonneg x).
    rewrite (kt_split (m x) (s x)) by assumption; replace (m x + s x) with (s x + m x) by ring.
    rewrite (kt_split (s x) (m x)) by assumption; replace (q x) with (s x + m x) by (unfold s; ring); unfold xlogx; ring. }
  unfold kt in L1, L2; unfold Rdiv in L1, L2; rewrite Rinv_1, Rmult_1_r in L1, L2.
  unfold entropy, h; unfold kt in E; lra.
Qed.

(* The rest of Q is no more spread than a point. *)
Lemma rest_of_q : Sum l (fun x => xlogx (s x)) <= t * ln t.
Proof.
  rewrite <- s_sum at 1; rewrite <- Sum_scal_r; apply Sum_le_in; intros x Hx; unfold xlogx; apply xlogx_grows; [apply s_nonneg|].
  rewrite <- s_sum; apply term_le_sum; [exact s_nonneg | exact Hx].
Qed.

Let b (x : A) : R := if Req_EM_T (r x) 0 then 0 else 1.

Lemma b_range x : 0 <= b x <= 1.
Proof. unfold b; destruct (Req_EM_T (r x) 0); lra. Qed.

Lemma b_sum_all (k : list A) : Sum k b <= INR (length k).
Proof.
  induction k as [|y k IH]; [simpl; lra|]; pose proof (b_range y).
  change (length (y :: k)) with (S (length k)); rewrite S_INR; simpl; lra.
Qed.

Lemma b_sum_miss (k : list A) x : In x k -> r x = 0 -> Sum k b <= INR (length k) - 1.
Proof.
  intros Hx Hr; induction k as [|y k IH]; [contradiction|].
  change (length (y :: k)) with (S (length k)); rewrite S_INR; simpl; pose proof (b_sum_all k); pose proof (b_range y).
  destruct Hx as [-> |Hx]; [unfold b at 1; destruct (Req_EM_T (r x) 0); lra | specialize (IH Hx); lra].
Qed.

Lemma some_symbol_misses : exists x, In x l /\ r x = 0.
Proof.
  destruct (Forall_Exists_dec (fun x => q x < p x) (fun x => Rlt_dec (q x) (p x)) l) as [F|E].
  - exfalso; rewrite Forall_forall in F; destruct Hp as [_ P1]; destruct Hq as [_ Q1].
    assert (G : forall k, k <> nil -> (forall x, In x k -> q x < p x) -> Sum k q < Sum k p).
    { induction k as [|y k IH]; [congruence|]; intros _ H; simpl; pose proof (H y (or_introl eq_refl)).
      destruct k as [|z k]; [simpl; lra|].
      assert (Sum (z :: k) q < Sum (z :: k) p) by (apply IH; [congruence | intros x Hx; apply H; right; exact Hx]); lra. }
    assert (N : l <> nil) by (intros N; rewrite N in P1; simpl in P1; lra).
    specialize (G l N F); lra.
  - apply Exists_exists in E; destruct E as [x [Hx N]]; exists x; split; [exact Hx|].
    unfold r, m; rewrite Rmin_left by lra; ring.
Qed.

Lemma rest_of_p : t * ln t - t * ln (INR (length l) - 1) <= Sum l (fun x => xlogx (r x)).
Proof.
  destruct (some_symbol_misses) as [x [Hx Hr]]; pose proof (b_sum_miss l x Hx Hr) as B.
  assert (T0 : 0 <= t) by (rewrite <- r_sum; apply Sum_nonneg; exact r_nonneg).
  pose proof (log_sum l r b r_nonneg (fun y => proj1 (b_range y))) as L.
  assert (Z : forall y, b y = 0 -> r y = 0) by (intros y; unfold b; destruct (Req_EM_T (r y) 0); [auto | lra]).
  specialize (L Z); rewrite r_sum in L.
  assert (E : Sum l (fun y => kt (r y) (b y)) = Sum l (fun y => xlogx (r y))).
  { apply Sum_ext; intros y; unfold b; destruct (Req_EM_T (r y) 0) as [Y|Y]; [rewrite Y, kt_0_l, xlogx_0; reflexivity|].
    unfold kt, xlogx; replace (r y / 1) with (r y) by field; reflexivity. }
  rewrite E in L; apply Rle_trans with (2 := L).
  destruct (Req_dec t 0) as [->|N]; [rewrite kt_0_l; lra|].
  assert (P : 0 < Sum l b).
  { destruct (Rle_lt_or_eq_dec 0 (Sum l b) (Sum_nonneg l b (fun y => proj1 (b_range y)))) as [|F]; [assumption|].
    exfalso; apply N; rewrite <- r_sum, (Sum_ext_in l r (fun _ => 0)); [apply Sum_const0|].
    intros y Hy; apply Z, (Sum_zero_terms l b y (fun z => proj1 (b_range z))); auto. }
  rewrite kt_pos by lra; pose proof (ln_le (Sum l b) (INR (length l) - 1) P B).
  assert (t * ln (Sum l b) <= t * ln (INR (length l) - 1)) by (apply Rmult_le_compat_l; assumption); lra.
Qed.

Theorem T37_one_side : entropy l p - entropy l q <= t * ln (INR (length l) - 1) + h t.
Proof. pose proof above; pose proof below; pose proof rest_of_q; pose proof rest_of_p; lra. Qed.
End Parts.

Lemma TV_swap {A} (l : list A) p q : TV l p q = TV l q p.
Proof. unfold TV; f_equal; apply Sum_ext; intros x; apply Rabs_minus_sym. Qed.

Theorem T37_entropies {A} (l : list A) p q : law l p -> law l q ->
  Rabs (entropy l p - entropy l q) <= TV l p q * ln (INR (length l) - 1) + h (TV l p q).
Proof.
  intros Hp Hq; apply Rabs_le; split; [|apply T37_one_side; assumption].
  pose proof (T37_one_side l q p Hq Hp) as T; rewrite (TV_swap l q p) in T; lra.
Qed.

(* Attained: certainty of one symbol against 1 - t on it and t / n on each of n others. *)
Definition certain (x : option nat) : R := match x with None => 1 | Some _ => 0 end.
Definition spread (t : R) (n : nat) (x : option nat) : R := match x with None => 1 - t | Some _ => t / INR n end.
Definition symbols (n : nat) : list (option nat) := None :: map Some (seq 0 n).

Lemma Sum_even n (f : option nat -> R) c : (forall k, f (Some k) = c) -> Sum (symbols n) f = f None + INR n * c.
Proof.
  intros H; unfold symbols; simpl; rewrite Sum_map, (Sum_ext (seq 0 n) _ (fun _ => c)) by exact H.
  assert (C : forall k : list nat, Sum k (fun _ => c) = INR (length k) * c).
  { induction k as [|x k IH]; [simpl; ring|]; change (length (x :: k)) with (S (length k)); rewrite S_INR; simpl; rewrite IH; ring. }
  rewrite C, seq_length; reflexivity.
Qed.

Theorem T37_attained t n : (0 < n)%nat -> 0 < t < 1 ->
  law (symbols n) certain /\ law (symbols n) (spread t n) /\ TV (symbols n) certain (spread t n) = t /\
  entropy (symbols n) (spread t n) - entropy (symbols n) certain = t * ln (INR (length (symbols n)) - 1) + h t.
Proof.
  intros Hn Ht; assert (N : 0 < INR n) by (apply lt_0_INR; exact Hn).
  assert (P : 0 < t / INR n) by (apply Rdiv_lt_0_compat; lra).
  repeat split.
  - intros [k|]; simpl; lra.
  - rewrite (Sum_even n _ 0) by reflexivity; simpl; ring.
  - intros [k|]; simpl; lra.
  - rewrite (Sum_even n _ (t / INR n)) by reflexivity; simpl; field; lra.
  - unfold TV; rewrite (Sum_even n _ (t / INR n)).
    + simpl; replace (1 - (1 - t)) with t by ring; rewrite Rabs_pos_eq by lra; field; lra.
    + intros k; simpl; replace (0 - t / INR n) with (- (t / INR n)) by ring; rewrite Rabs_Ropp, Rabs_pos_eq by lra; reflexivity.
  - unfold entropy; rewrite (Sum_even n _ (xlogx (t / INR n))), (Sum_even n _ (xlogx 0)) by reflexivity.
    assert (L : INR (length (symbols n)) - 1 = INR n).
    { unfold symbols; change (length (None :: ?k)) with (S (length k)); rewrite S_INR, map_length, seq_length; ring. }
    rewrite L, xlogx_0; simpl; unfold xlogx, h; rewrite ln_1, ln_div by lra; field; lra.
Qed.
