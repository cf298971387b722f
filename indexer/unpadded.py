"""A BERT cross-encoder read without padding: texts end to end as one row of tokens, each attending to itself alone.

    [CLS] question [SEP] text [SEP] [CLS] question [SEP] longer text [SEP] …
     └──────── attention ────────┘   └──────────── attention ───────────┘

All but attention looks at one token at a time, so it is one large multiplication a layer over tokens that all count.
Filled up to the longest, five passages were half as many tokens again, in the pieces that they came in.
"""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

from tokenizers import Encoding

if TYPE_CHECKING:
    from torch import Tensor


def logits(model: Any, texts: Sequence[Encoding]) -> "Tensor":  # noqa: ANN401 - its parts are untyped
    """Return the float32 logits for *texts*, of shape (len(texts), labels), of a BertForSequenceClassification."""
    import torch  # takes seconds

    starts = [0, *accumulate(len(text.ids) for text in texts)]
    states = model.bert.embeddings(
        input_ids=torch.tensor([[token for text in texts for token in text.ids]]),
        token_type_ids=torch.tensor([[kind for text in texts for kind in text.type_ids]]),
        position_ids=torch.tensor([[place for text in texts for place in range(len(text.ids))]]),
    )[0]
    for layer in model.bert.encoder.layer:
        attended = layer.attention.output(_attended(layer, states, list(pairwise(starts))), states)
        states = layer.output(layer.intermediate(attended), attended)
    firsts = states[starts[:-1]].unsqueeze(1)
    found: Tensor = model.classifier(model.bert.pooler(firsts)).float()
    return found


def _attended(layer: Any, states: "Tensor", spans: Sequence[tuple[int, int]]) -> "Tensor":  # noqa: ANN401
    """Return what the BertLayer attends to within each of *spans*, of the shape of *states*: (tokens, features)."""
    import torch

    own = layer.attention.self
    heads, size = own.num_attention_heads, own.attention_head_size
    query, key, value = (part(states).view(-1, heads, size).transpose(0, 1) for part in (own.query, own.key, own.value))
    attended = torch.empty_like(query)
    for begin, end in spans:
        alike = query[:, begin:end] @ key[:, begin:end].transpose(1, 2) * size**-0.5
        attended[:, begin:end] = alike.softmax(-1) @ value[:, begin:end]
    return attended.transpose(0, 1).reshape(len(states), heads * size)
