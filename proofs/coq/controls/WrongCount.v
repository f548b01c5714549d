(* Must not compile: T32 with 1 % fewer prompts. *)
Require Import Reals List Lra Psatz.
From Mari Require Import Sums T32_Localisation.
Open Scope R_scope.

Theorem wrong {A} (l : list A) x t (Hx : nonneg x) : l <> nil -> 0 < t ->
  INR (reaching l x t) <= 0.99 * (INR (length l) * mean l x) / t.
Proof. intros Hl Ht; apply T32_count; assumption. Qed.
