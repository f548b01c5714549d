(* Must not compile: T37 with 1 % less of the binary entropy. *)
Require Import Reals List Lra Psatz.
From Mari Require Import Sums T01_Identity T05_Accuracy T37_Entropy.
Open Scope R_scope.

Theorem wrong {A} (l : list A) p q : law l p -> law l q ->
  Rabs (entropy l p - entropy l q) <= TV l p q * ln (INR (length l) - 1) + 0.99 * h (TV l p q).
Proof. intros Hp Hq; apply T37_entropies; assumption. Qed.
