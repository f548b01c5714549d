(* Must not compile: T4 with 1 % too little on the right. *)
Require Import Reals List Lra Psatz.
From Mari Require Import Sums Divergence T04_Metric T05_Accuracy.
Open Scope R_scope.

Theorem wrong {A} (l : list A) p q r : nonneg p -> nonneg q -> nonneg r ->
  sqrt (JS l p r) <= 0.99 * (sqrt (JS l p q) + sqrt (JS l q r)).
Proof. intros Hp Hq Hr; apply T4_metric; assumption. Qed.
