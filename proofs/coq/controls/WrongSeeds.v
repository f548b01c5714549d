(* Must not compile: T33 with 1 % less for one seed more. *)
Require Import Reals List Lra Psatz.
From Mari Require Import Sums Divergence T33_Mixtures.
Open Scope R_scope.

Theorem wrong {Seed A} (seeds : list Seed) c (l : list A) w p q n : law seeds c -> 0 < w < 1 -> (forall s, nonneg (p s)) ->
  (forall s, nonneg (q s)) -> (1 <= n)%nat -> J seeds c l w p q (S n) <= 0.99 * J seeds c l w p q n.
Proof. intros Hc Hw Hp Hq H; apply T33_non_increasing; assumption. Qed.
