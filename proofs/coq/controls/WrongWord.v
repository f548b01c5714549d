(* Must not compile: T38 with 1 % less of the budget. *)
Require Import Reals List Lra Psatz.
From Mari Require Import Sums Divergence T06_Roc T38_Words.
Open Scope R_scope.

Theorem wrong {A} (l : list A) p q W : law l p -> law l q -> (forall x, 0 <= W x <= 1) ->
  (rate l p W - rate l q W) * (rate l p W - rate l q W) <=
  1.98 * JS l p q * ((rate l p W + rate l q W) * (2 - rate l p W - rate l q W)).
Proof. intros Hp Hq HW; apply T38_word; assumption. Qed.
