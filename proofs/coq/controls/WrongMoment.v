(* Must not compile: T17's constant 1 % lower at the point where it is attained. *)
Require Import Reals List Lra Psatz.
From Mari Require Import T17_FastRate.
Open Scope R_scope.

Theorem wrong l : 0.99 * c17 l * (exp (- ln 2) - 1 - - ln 2) = exp (l * - ln 2) - 1 - l * - ln 2.
Proof. apply T17_constant_is_attained. Qed.
