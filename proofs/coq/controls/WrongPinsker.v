(* Must not compile: T5 with 1 % too much. The proof of the true statement, word for word. *)
Require Import Reals List Lra Psatz.
From Mari Require Import Sums Divergence T05_Accuracy.
Open Scope R_scope.

Theorem wrong {A} (l : list A) p q (Hp : law l p) (Hq : law l q) : 1.01 * (TV l p q * TV l p q / 2) <= JS l p q.
Proof.
  apply Rle_trans with (phi (TV l p q)); [|apply T5_lower; auto].
  apply T5_phi_at_least_half_square, TV_range; auto.
Qed.
