"""What holding folds to their schema costs, and how many unheld ones would have been lost, on films.

Prints one JSON object. The embedded model folds events of films, which it was never taught, freely and held to the
schema; `free_valid` and `held_valid` count answers that fit without being asked again, `held_cut` those that were cut
before their end. Holding is timed over the tokens it wrote, with nothing worked out beforehand.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import time
from pathlib import Path

FOLDS, SEED, COST_BOUND_MS = 32, 7, 1.0
CHECKPOINT = Path(__file__).resolve().parent.parent / "checkpoints" / "demo"
FILMS = (
    ("Amélie (2001)", "A waitress in Paris, played by Audrey Tautou, decides to help others. Romance, comedy."),
    ("Seven Samurai [七人の侍] (1954)", "A village hires seven swordsmen; black and white, 3h27, by Akira Kurosawa."),
    ('"Crocodile" Dundee (1986)', 'A hunter meets New York: "That\'s not a knife." Comedy {adventure}.'),
    ("8½ (1963)", "A director who cannot begin his film. Dream-like, Italian, Fellini."),
    ("M*A*S*H (a.k.a. MASH) (1970)", "Army surgeons in the Korean war; satire [R], 116 min."),
    ("Сталкер (1979)", "A guide leads two men through the Zone. Slow science fiction, philosophy."),
    ("Das Boot (1981)", "Die Mannschaft eines U-Boots: claustrophobic war drama, 149′, German."),
    ("Toy Story 3 (2010)", "Toys are left at a day-care centre; animation, children, 103 minutes."),
    ("O Brother, Where Art Thou? (2000)", "Three convicts escape; bluegrass, comedy, $26,000,000."),
)


def prompt(rng: random.Random) -> str:
    """One fold's prompt: two to five events of films, sometimes a wish, sometimes facts already held."""
    import prompts
    from agents.wording import event_line

    kinds = ("like", "dislike", "rating", "view", "purchase")
    chosen = rng.sample(FILMS, rng.randint(2, 5))
    events = [event_line(rng.choice(kinds), title=title, summary=text, value=3.5) for title, text in chosen]
    if rng.random() < 0.4:
        events.append(event_line("wish", text='like "Amélie" but {darker}, under 100 min [no musicals]'))
    facts = ["like genre: comedy (clear)"] if rng.random() < 0.5 else []
    return prompts.load("preference_memory").render(prose="", facts=facts, events=events, words=60)


def main() -> None:
    """Fold, time and print."""
    import torch
    from langchain_core.messages import HumanMessage

    from agents.folding import Fold
    from models.local.chat import LocalChatModel
    from models.local.constrained import Grammars
    from models.spec import ModelSpec
    from models.structured import parse_json

    chat = LocalChatModel.load(ModelSpec(backend="local", model=str(CHECKPOINT), device="cpu", dtype="float32"))
    rng = random.Random(SEED)
    asked = [[HumanMessage(prompt(rng))] for _ in range(FOLDS)]

    def valid(text: str) -> bool:
        try:
            parse_json(text, Fold)
        except ValueError:
            return False
        return True

    free = [chat.invoke(one, max_tokens=320) for one in asked]
    began = time.perf_counter()
    held = [chat.invoke(one, max_tokens=320, response_format=Fold) for one in asked]
    seconds = time.perf_counter() - began
    tokenizer, end_ids, costs = chat.runtime.tokenizer, chat.runtime.end_ids, []
    grammars = Grammars(chat.runtime.label, tokenizer, end_ids)
    for reply in held:
        hold, read = grammars.hold(Fold, 1), [0]
        for token in [*tokenizer.encode(str(reply.text), add_special_tokens=False), *end_ids[:1]]:
            scores, written = torch.zeros(1, len(tokenizer)), torch.tensor([read])
            start = time.perf_counter()
            hold(written, scores)
            costs.append(time.perf_counter() - start)
            read.append(token)
    tokens = sum(reply.usage_metadata["output_tokens"] for reply in held if reply.usage_metadata)
    figures = {
        "benchmark": "folds",
        "folds": FOLDS,
        "free_valid": sum(valid(str(reply.text)) for reply in free),
        "held_valid": sum(valid(str(reply.text)) for reply in held),
        "held_cut": sum(reply.response_metadata["finish_reason"] == "length" for reply in held),
        "model_ms_per_token": round(seconds / tokens * 1000, 2),
        "holding_ms_per_token": round(statistics.mean(costs) * 1000, 3),
        "holding_ms_bound": COST_BOUND_MS,
        "met": statistics.mean(costs) * 1000 < COST_BOUND_MS,
    }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    main()
