(* Must not compile: T35 with 1 % less for one token more. *)
Require Import Reals List Lra Psatz.
From Mari Require Import Sums Divergence T11_ChainRule T35_Ladder.
Open Scope R_scope.

Theorem wrong {A} (l : list A) w p q t : 0 < w < 1 -> process l p -> process l q ->
  JSD w (words_of l t) p q <= 0.99 * JSD w (words_of l (S t)) p q.
Proof. intros Hw Hp Hq; apply T35_prefix; assumption. Qed.
