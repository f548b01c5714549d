(* Must not compile: T12 with the share 1 % smaller. *)
Require Import Reals List Lra Psatz.
From Mari Require Import Sums Divergence T05_Accuracy T12_Mixture.
Open Scope R_scope.

Theorem wrong {A} (l : list A) p f rho (Hp : law l p) (Hf : law l f) (Hr : 0 <= rho <= 1) :
  TV l p (mixed p f rho) = 0.99 * rho * TV l p f.
Proof. apply T12_total_variation; assumption. Qed.
