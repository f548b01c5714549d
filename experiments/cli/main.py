"""`mari`: the command line.

Every command prints its result on stdout (one JSON object with `--json`), progress on stderr, and exits 0 on success,
1 when a check or a claim failed, 2 on bad input with one line that says what was allowed and what came.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from experiments.cli import study
from mari_theory.errors import ArgumentError, require

Handler = Callable[[argparse.Namespace], int]


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        print(f"mari: {message}", file=sys.stderr)
        raise SystemExit(2)


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    args = _parser().parse_args(argv)
    handler: Handler = args.handler
    try:
        return handler(args)
    except ArgumentError as e:
        print(f"mari {args.command}: {e}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as e:
        print(f"mari {args.command}: needs {e.name}; install it with: pip install 'mari-theory[llm]'", file=sys.stderr)
        return 2
    except OSError as e:
        print(f"mari {args.command}: {e.filename or 'file'}: {e.strerror or e}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"mari {args.command}: interrupted; what was finished is kept, --resume continues", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="mari", description="After a model is told to forget: how well could anyone still tell?")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)

    def add(name: str, handler: Handler, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(handler=handler)
        sub.add_argument("--json", action="store_true", help="print one JSON object on stdout")
        return sub

    verify = add(
        "verify",
        _verify,
        "check the theorems: derivations, random inputs, enclosures, proofs, search for counterexamples",
    )
    verify.add_argument("--theorem", action="append", metavar="ID", help="only this one (repeatable), for example T5")
    verify.add_argument("--cases", type=int, default=2000, help="random cases a theorem (default 2000)")
    verify.add_argument("--html", type=Path, help="also write a page: statements, evidence, figures of the bounds")

    audit = add("audit", _audit, "train, retrain, unlearn, score, certify, attack, report")
    audit.add_argument("--preset", default="tiny", help="tiny, smollm2 or tofu (default tiny)")
    audit.add_argument("--config", type=Path, help="YAML that overrides the preset")
    audit.add_argument("--out", type=Path, help="run folder (default runs/PRESET)")
    audit.add_argument("--method", action="append", metavar="LABEL", help="only this row (repeatable)")
    audit.add_argument("--seed", type=int)
    audit.add_argument("--resume", action="store_true", help="continue an interrupted run")

    unlearn = add("unlearn", _unlearn, "unlearn the forget file from a model and save the result")
    unlearn.add_argument("--model", required=True, help="model folder, hub id, or smollm2")
    unlearn.add_argument("--base", help="the model before fine-tuning, for methods that match with it")
    unlearn.add_argument("--forget", required=True, type=Path, help="JSONL with prompt, answer, owner")
    unlearn.add_argument("--retain", required=True, type=Path, help="the same")
    unlearn.add_argument("--holdout", type=Path, help="the same, never trained on: when to stop, what to compare with")
    unlearn.add_argument("--method", default="npo", help="for example npo, mari-pooled, flat, dareu (default npo)")
    unlearn.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of the method")
    unlearn.add_argument("--out", required=True, type=Path, help="new folder")
    unlearn.add_argument("--steps", type=int, default=60)
    unlearn.add_argument("--lr", type=float, default=3e-4)
    unlearn.add_argument("--batch-retain", type=int, default=8)
    unlearn.add_argument("--batch-forget", type=int, default=8)
    unlearn.add_argument("--max-answer", type=int, default=64, help="answers are cut there (tokens, default 64)")
    unlearn.add_argument("--rank", type=int, default=16, help="LoRA rank; 0 trains all parameters (default 16)")
    unlearn.add_argument("--bf16", action="store_true", help="compute in bfloat16 on float32 weights")
    unlearn.add_argument("--device", default="auto", help="auto (an accelerator where there is one), cpu, cuda, ...")
    unlearn.add_argument("--stop-at-holdout", action="store_true", help="end where forget loss reaches the holdout's")
    unlearn.add_argument(
        "--stop-accuracy-drop",
        type=float,
        metavar="SHARE",
        help="end where next-token accuracy on the holdout has fallen by more than this share, for example 0.03",
    )
    unlearn.add_argument("--templates", type=Path, help="texts to answer with instead, one a line (default: refusals)")
    unlearn.add_argument("--seed", type=int, default=0)
    unlearn.add_argument("--resume", action="store_true", help="continue a killed run")

    certify = add("certify", _certify, "certificate from score files or an option file (Parquet), or a pool file (NPZ)")
    certify.add_argument("files", nargs="+", type=Path)
    certify.add_argument("--confidence", type=float, default=0.95)
    certify.add_argument(
        "--margin", type=float, default=0.01, help="nats within which arms count as equivalent (default 0.01)"
    )
    certify.add_argument(
        "--interval",
        default=None,
        help="order-free (default), hoeffding; for rows drawn at random betting, betting-anytime, maurer-pontil; "
        "pool files: pooled-fast-rate (default), pooled-bounded-differences",
    )
    certify.add_argument(
        "--population",
        choices=("these-prompts", "prompts-like-these"),
        default="these-prompts",
        help="what is averaged over: these prompts (default), or prompts like these with the owner as unit",
    )
    certify.add_argument("--owner", help="about this owner alone (a cluster_id)")
    certify.add_argument("--prompt", help="about this prompt alone (a prompt_id)")
    certify.add_argument("--simultaneous", action="store_true", help="all numbers of the certificate hold at once")
    certify.add_argument(
        "--trust",
        choices=("likelihoods", "none"),
        default="likelihoods",
        help="none: a lower end that believes no likelihood",
    )
    certify.add_argument(
        "--pair", choices=("marginal", "oracle", "shift", "matched"), help="only for files that do not say"
    )
    certify.add_argument("--out", type=Path, help="where to write the certificate (JSON)")

    check = add("check", _check, "re-derive whole certificates from their evidence")
    check.add_argument("certificates", nargs="+", type=Path, metavar="CERT")
    check.add_argument(
        "--evidence",
        nargs="+",
        type=Path,
        help="evidence files, matched by hash (default: beside the certificate or in ../scores)",
    )

    check.add_argument(
        "--formal", action="store_true", help="let Coq conclude the accuracy bound as well (pools of complete sets)"
    )

    score = add("score", _score, "sample from two models on the same prompts and score both: a score file")
    score.add_argument(
        "--p", required=True, nargs="+", help="model folder(s) or hub id(s) of arm P; several are averaged"
    )
    score.add_argument("--q", required=True, nargs="+", help="the same for arm Q")
    score.add_argument("--prompts", required=True, type=Path, help="JSONL with a field prompt")
    score.add_argument("--out", required=True, type=Path)
    score.add_argument("--draws", type=int, default=1000, help="outputs an arm (default 1000)")
    score.add_argument("--max-new", type=int, default=32, help="longest output in tokens (default 32)")
    score.add_argument("--pair", choices=("oracle", "shift"), default="oracle")
    score.add_argument("--seed", type=int, default=0)

    pool = add(
        "pool", _pool, "pooled next-token distributions of one model on retain and on retain + forget: a pool file"
    )
    pool.add_argument("--model", required=True)
    pool.add_argument("--retain", required=True, type=Path, help="JSONL with prompt and answer")
    pool.add_argument("--forget", required=True, type=Path, help="JSONL with prompt and answer")
    pool.add_argument("--out", required=True, type=Path)
    pool.add_argument(
        "--sampled", action="store_true", help="the files are samples: retain against forget, certified by T17"
    )

    estimate = add("estimate", _estimate, "entropy, mutual information, JSD, KL or AUC from files of samples")
    estimate.add_argument("--x", type=Path, help="sample: .npy, .csv or .parquet, (n,) or (n, d)")
    estimate.add_argument("--y", type=Path, help="second sample, or the second variable of the pairs")
    estimate.add_argument("--x-column", help="column of a table")
    estimate.add_argument("--y-column", help="column of a table")
    estimate.add_argument(
        "--alphabet",
        nargs="+",
        metavar="SYMBOLS",
        help="all symbols that can occur, seen or not: 300, a,b,c or a file with one a line; for mi- methods two, x's and y's",
    )
    estimate.add_argument("--items-x", help="auc-certified: column of x's item ids (for .npy a file of ids)")
    estimate.add_argument("--items-y", help="auc-certified: column of y's item ids")
    estimate.add_argument(
        "--paired", action="store_true", help="auc-certified: compare the scores of the same item instead"
    )
    estimate.add_argument(
        "--marginals",
        choices=("rescaled", "copula"),
        help="neighbours: columns as they are, or their ranks (heavy tails)",
    )
    estimate.add_argument(
        "--method", help="for example ksg1, mi-grassberger, mi-certified, jsd-certified (default ksg1)"
    )
    estimate.add_argument(
        "--scores", type=Path, nargs="+", help="score files of any size instead: certified JSD and TV"
    )
    estimate.add_argument(
        "--pools", type=Path, nargs="+", help="pool files of samples instead: certified pooled JSD (T17)"
    )
    estimate.add_argument("--k", type=int, default=4, help="neighbours (default 4)")
    estimate.add_argument("--confidence", type=float, default=0.95)
    estimate.add_argument("--seed", type=int, default=0)
    estimate.add_argument("--list", action="store_true", help="name every method")

    study.add(commands)

    report = add("report", _report, "draw the report of a finished run again")
    report.add_argument("run", type=Path)
    return parser


def _verify(args: argparse.Namespace) -> int:
    from proofs.evidence import verify

    require(args.cases >= 1, "--cases", "a number at least 1", args.cases)
    result = verify(args.theorem, args.cases)
    if args.html:
        from proofs.page import write_theorems

        write_theorems(result, args.html)
    if args.json:
        print(json.dumps(result))
    else:
        _print_theorems(result, args.cases)
    return 1 if result["failed"] else 0


def _print_theorems(result: dict[str, Any], cases: int) -> None:
    shown = {"pass": "pass", "fail": "FAIL", "absent": "-", "not-built": "unbuilt"}
    print(f"{'id':<4} {'theorem':<27} {'SymPy':<6} {'random':<6} {'balls':<5} {'Coq':<7} {'witness':>8} {'search':>8}")
    for t in result["theorems"]:
        e = [shown[t["evidence"][kind]] for kind in ("symbolic", "property", "enclosure", "formal")]
        tight, ratio = ("" if x is None else f"{x:.6f}" for x in (t["tightness"], t["largest_ratio"]))
        print(f"{t['id']:<4} {t['title'][:27]:<27} {e[0]:<6} {e[1]:<6} {e[2]:<5} {e[3]:<7} {tight:>8} {ratio:>8}")
    print("witness: share of the bound attained there (1 is sharp); search: the largest")
    print("share gradient ascent found (above 1 refutes); -: does not apply (see --json)")
    if any(t["evidence"]["formal"] == "not-built" for t in result["theorems"]):
        print("Coq unbuilt: `make proofs` compiles and re-checks it")
    print(f"{result['passed']} passed, {result['failed']} failed ({cases} random cases a theorem)")


def _audit(args: argparse.Namespace) -> int:
    from experiments.audit.run import AuditFailure, run_audit
    from experiments.config import load_config, select_methods

    config = load_config(args.preset, args.config, seed=args.seed)
    if args.method:
        config = select_methods(config, args.method)
    out = args.out or Path("runs") / args.preset
    try:
        results = run_audit(config, out, args.resume)
    except AuditFailure as e:
        print(f"mari audit: FAILED: {e}", file=sys.stderr)
        if args.json:
            print(json.dumps({"ok": False, "failure": str(e), "run": str(out)}))
        return 1
    if args.json:
        print(
            json.dumps(
                {
                    "ok": True,
                    "run": str(out),
                    "report": str(out / "report.html"),
                    "rows": [_short(r) for r in results["rows"]],
                }
            )
        )
    else:
        _print_rows(results)
        print(f"\nreport: {out / 'report.html'}   table: {out / 'summary.md'}   certificates: {out / 'certificates'}")
    return 0


def _short(row: dict[str, Any]) -> dict[str, Any]:
    c = row["certificates"]["oracle"]
    owners = c["owners"] or {}
    return {
        "name": row["name"],
        "jsd_lower": c["claim"]["lower"],
        "jsd_upper": c["claim"]["upper"],
        "worst_owner_upper": owners.get("worst_upper"),
        "owners_above_margin": owners.get("above_margin"),
        "max_accuracy": c["implies"]["max_accuracy"],
        "verdict": c["verdict"],
        "best_attack_auc": row["best_attack"],
        "retain_exact": row["retain_exact"],
        "forget_exact": row["forget_exact"],
    }


def _print_rows(results: dict[str, Any]) -> None:
    print(f"\n{'model':<22} {'JSD to oracle':>15} {'worst':>6} {'acc <=':>6} {'attack':>6} {'retain':>6}  verdict")
    for r in results["rows"]:
        c = r["certificates"]["oracle"]
        span = f"{c['claim']['lower']:.4f}-{c['claim']['upper']:.4f}"
        worst = f"{c['owners']['worst_upper']:.3f}" if c["owners"] else "-"
        verdict = c["verdict"].replace("equivalent", "equal").replace(" within margin", ", worst too")
        print(
            f"{r['name'][:22]:<22} {span:>15} {worst:>6} {100 * c['implies']['max_accuracy']:5.1f}% {r['best_attack']:6.3f} {r['retain_exact']:6.2f}  {verdict}"
        )
    floor = results["floor"]["certificate"]["claim"]
    print(
        f"worst: the owner farthest from the oracles; margin {results['config']['margin']:g} nats{_floor_of(results)}"
    )
    print(
        f"oracle against oracle: {floor['lower']:.4f}-{floor['upper']:.4f} nats; one sampled answer to a forget question"
    )


def _floor_of(results: dict[str, Any]) -> str:
    worst = results["floor"]["worst_owner"]
    return "" if worst is None else f", an oracle's own worst {worst:.4f}"


def _unlearn(args: argparse.Namespace) -> int:
    import yaml

    from experiments.config import LoopSettings
    from experiments.data.files import load_files
    from experiments.methods import make_method
    from experiments.unlearning.request import UnlearningStopped, unlearn

    chosen = {}
    for pair in args.set:
        key, sign, value = pair.partition("=")
        require(bool(sign), "--set", "KEY=VALUE", pair)
        chosen[key] = yaml.safe_load(value)
    method = make_method(args.method, **chosen)
    require(args.rank >= 0, "--rank", "a number at least 0", args.rank)
    named = (
        "steps",
        "lr",
        "batch_retain",
        "batch_forget",
        "seed",
        "max_answer",
        "stop_at_holdout",
        "stop_accuracy_drop",
    )
    try:
        settings = LoopSettings(batch_background=0, **{name: getattr(args, name) for name in named})
    except ArgumentError as e:
        raise ArgumentError(f"--{e.argument.replace('_', '-')}", e.allowed, e.received) from None
    data = load_files(args.forget, args.retain, args.holdout, args.templates)
    try:
        record = unlearn(
            args.model,
            data,
            method,
            args.out,
            settings,
            rank=args.rank or None,
            half_precision=args.bf16,
            device=args.device,
            resume=args.resume,
            base=args.base,
        )
    except UnlearningStopped as e:
        print(f"mari unlearn: FAILED: {e}", file=sys.stderr)
        if args.json:
            print(json.dumps({"ok": False, "failure": str(e), "model": str(args.out / "model")}))
        return 1
    first, last = record["history"][0], record["history"][-1]
    if args.json:
        print(json.dumps({"ok": True, **record}))
    else:
        for part in ("forget", "retain", "holdout"):
            if f"{part}_loss" in first:
                print(f"{part:<8} loss {first[f'{part}_loss']:7.3f} -> {last[f'{part}_loss']:7.3f} nats a token")
        print(f"{record['steps']} steps in {record['seconds']:.0f} s, {record['stopped']}: {record['model']}")
        print("next: mari score --p ORACLE --q " + record["model"] + " --prompts ... --out scores.parquet")
    return 0


def _certify(args: argparse.Namespace) -> int:
    from estimators.certify import certify_files

    certificate = certify_files(
        args.files,
        args.confidence,
        args.margin,
        args.interval,
        args.pair,
        population=args.population,
        simultaneous=args.simultaneous,
        trust=args.trust,
        owner=args.owner,
        prompt=args.prompt,
    )
    if args.out:
        certificate.save(args.out)
    if args.json:
        print(json.dumps(certificate.data()))
    else:
        print(textwrap.fill(str(certificate), 79))
        for line in certificate.explain():
            print(textwrap.fill(line, 79, initial_indent="  ", subsequent_indent="    "))
        if args.out:
            print(f"  written to {args.out}")
    return 0


def _check(args: argparse.Namespace) -> int:
    from mari_theory.certificates.certificate import read_json
    from mari_theory.certificates.format1 import check_file, evidence_names

    require(
        args.evidence is None or len(args.certificates) == 1,
        "--evidence",
        "one certificate at a time",
        f"{len(args.certificates)} certificates",
    )
    checked = []
    for path in args.certificates:
        files = _evidence(path, evidence_names(read_json(path)), args.evidence)
        numbers = check_file(path, files)
        failed = [n for n in numbers if not n.ok]
        formal = _check_formally(path, files) if args.formal and not failed else None
        checked.append((path, numbers, failed, formal))
    if args.json:
        said = [
            {
                "certificate": str(path),
                "ok": not failed,
                "checked": len(numbers),
                "failed": [n.name for n in failed],
                **({"formal": formal} if formal else {}),
                "numbers": [_jsonable({k: str(v) if k != "ok" else v for k, v in asdict(n).items()}) for n in numbers],
            }
            for path, numbers, failed, formal in checked
        ]
        print(json.dumps(said[0] if len(said) == 1 else {"ok": all(x["ok"] for x in said), "certificates": said}))
    else:
        for path, numbers, failed, formal in checked:
            for n in failed:
                print(textwrap.fill(str(n), 79, subsequent_indent="     "))
            name = f"{path}: " if len(checked) > 1 else ""
            print(
                f"{name}{len(numbers) - len(failed)} of {len(numbers)} lines hold: the certificate {'is' if not failed else 'is NOT'} what the evidence supports"
            )
            if formal:
                print(
                    f"Coq concludes: every detector's accuracy is at most {formal['accuracy']:.9f} (claimed {formal['claimed']:.9f}, "
                    f"{formal['symbols']} symbols)"
                )
        print("This is about the derivation. Where the evidence came from, only its signer knows.")
    return 1 if any(failed for _, _, failed, _ in checked) else 0


def _check_formally(path: Path, files: Sequence[Path]) -> dict[str, Any]:
    from mari_theory.certificates.certificate import Certificate
    from mari_theory.certificates.files import kind_of, read_pool
    from proofs.formal_certificate import check_formally

    require(
        len(files) == 1 and kind_of(files[0]) == "pool", "--formal", "a certificate of one pool file", files[0].name
    )
    pool = read_pool(files[0])
    return check_formally(Certificate.load(path), pool.p_mean, pool.q_mean)


def _jsonable(x: Any) -> Any:
    if isinstance(x, dict):
        return {k: _jsonable(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        return [_jsonable(v) for v in x]
    if isinstance(x, float) and not math.isfinite(x):
        return None
    return x.item() if hasattr(x, "item") else x


def _evidence(certificate: Path, named: Sequence[tuple[str, str]], given: Sequence[Path] | None) -> list[Path]:
    """The evidence files by their hashes, whatever they are called now; by name where no hash fits, so that a change is told."""
    from mari_theory.certificates.files import sha256

    folders = (certificate.parent, certificate.parent.parent / "scores", Path.cwd())
    found = []
    for k, (name, digest) in enumerate(named):
        require(Path(name).name == name, "certificate, evidence", "file names without folders", name)
        near = [Path(p) for p in given] if given else [f / name for f in folders]
        for p in given or []:
            require(p.is_file(), "--evidence", "existing files", p)
        near = [p for p in near if p.is_file()]
        fits = [p for p in near if sha256(p) == digest]
        same = [p for p in near if p.name == name]
        if not fits and not same and given and len(given) == len(named):
            same = [Path(given[k])]
        if not fits and not same:
            raise ArgumentError("--evidence", f"the file {name} beside the certificate, or its path", "nothing found")
        found.append((fits or same)[0])
    return found


def _score(args: argparse.Namespace) -> int:
    from experiments.measures.score_models import score_models

    summary = score_models(args.p, args.q, args.prompts, args.out, args.draws, args.max_new, args.pair, args.seed)
    print(json.dumps(summary) if args.json else f"{summary['rows']} rows in {args.out}; next: mari certify {args.out}")
    return 0


def _pool(args: argparse.Namespace) -> int:
    from experiments.measures.score_models import pool_model

    summary = pool_model(args.model, args.retain, args.forget, args.out, not args.sampled)
    print(
        json.dumps(summary)
        if args.json
        else f"{summary['n']} retain and {summary['forget']} forget items pooled in {args.out}; next: mari certify {args.out}"
    )
    return 0


def _estimate(args: argparse.Namespace) -> int:
    from estimators.alphabets import Alphabet
    from estimators.from_files import METHODS, Options, estimate_files
    from estimators.marginals import MARGINALS

    if args.list:
        print(json.dumps(sorted(METHODS)) if args.json else "\n".join(sorted(METHODS)))
        return 0
    if args.scores:
        require(args.x is None and args.y is None, "--scores", "no --x or --y beside it", args.x or args.y)
        from estimators.streaming import result, summarise_files

        made = result(summarise_files(args.scores, progress=not args.json), args.confidence)
        results: list[Any] = [made.jsd, made.total_variation]
    elif args.pools:
        require(args.x is None and args.y is None, "--pools", "no --x or --y beside it", args.x or args.y)
        from estimators.streaming import result_pool, summarise_pools

        results = [result_pool(summarise_pools(args.pools), args.confidence)]
    else:
        require(args.x is not None, "--x", "a sample file (or --scores, --pools)", "none")
        options = Options(
            args.k,
            args.confidence,
            args.seed,
            not args.json,
            tuple(Alphabet.parse(text) for text in args.alphabet or ()),
            paired=args.paired,
            marginals=None if args.marginals is None else MARGINALS[args.marginals],
        )
        columns, items = (args.x_column, args.y_column), (args.items_x, args.items_y)
        results = [estimate_files(args.x, args.y, args.method or "ksg1", options, columns, items)]
    if args.json:
        found = [_jsonable(asdict(r)) for r in results]
        print(json.dumps(found[0] if len(found) == 1 else {"estimates": found}))
    else:
        for r in results:
            print(textwrap.fill(str(r), 79, subsequent_indent="  "))
    return 0


def _report(args: argparse.Namespace) -> int:
    from experiments.audit.report import write_report

    path = write_report(args.run)
    print(json.dumps({"report": str(path)}) if args.json else f"report: {path}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
