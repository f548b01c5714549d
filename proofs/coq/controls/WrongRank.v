(* Must not compile: T34 with 1 % fewer ranks. *)
Require Import Reals List Lra Psatz.
From Mari Require Import Sums T34_Ranks.
Open Scope R_scope.

Theorem wrong {A} (l : list A) x j : INR (length (first_ranks l x j)) <= 0.99 * INR j.
Proof. apply T34_count. Qed.
