(* Must not compile: T17's constant 1 % lower at the point where it is attained. *)
Require Import Reals List Lra Psatz.
From Mari Require Import T17_FastRate.
Open Scope R_scope.

Theorem wrong : 0.99 * c17 * (exp (- ln 2) - 1 - - ln 2) = - ln 2 * - ln 2 / 2.
Proof. apply T17_constant_is_attained. Qed.
