(* Must not compile: T36 with 1 % less after training. *)
Require Import Reals List Lra Psatz.
From Mari Require Import Sums Divergence T03_DataProcessing T36_Oracles.
Open Scope R_scope.

Theorem wrong {M} (models : list M) w p q train : 0 < w < 1 -> stochastic models train -> law models p -> law models q ->
  JSD w models (push models train p) (push models train q) <= 0.99 * JSD w models p q.
Proof. intros Hw Ht Hp Hq; apply T36_common_training; assumption. Qed.
