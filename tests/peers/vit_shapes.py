"""Expected logits and probe rows of timm's less usual Vision Transformers with weights by formula, for tests/Models.Tests.

TIMM_PATH=... python3 tests/peers/vit_shapes.py tests/Models.Tests/Golden/vit_shapes.json
"""
import json
import sys

import torch

from checkpoints import probes
from family_models import picture, value
from timm_here import find

SMALL = dict(img_size=32, patch_size=8, embed_dim=24, depth=2, num_heads=3, num_classes=5)
SPEC = "vit:img=32,patch=8,dim=24,depth=2,heads=3,classes=5"

# name -> (our spec, timm's arguments)
SHAPES = {
    "plain": ("", {}),
    "quick_gelu": (",act=quick_gelu", dict(act_layer="quick_gelu")),
    "gelu_tanh": (",act=gelu_tanh", dict(act_layer="gelu_tanh")),
    "relu": (",act=relu", dict(act_layer="relu")),
    "silu": (",act=silu", dict(act_layer="silu")),
    "average": (",pool=avg,fcnorm", dict(global_pool="avg")),
    "average_normed_before": (",pool=avg", dict(global_pool="avg", fc_norm=False)),
    "average_no_class_token": (",pool=avg,fcnorm,nocls", dict(global_pool="avg", class_token=False)),
    "average_registers": (",pool=avg,fcnorm,nocls,registers=3,noembedclass,layerscale", dict(global_pool="avg", class_token=False, reg_tokens=3, no_embed_class=True, init_values=1e-5)),
    "map": (",pool=map,nocls", dict(global_pool="map", class_token=False, fc_norm=False)),
    "map_tanh": (",pool=map,nocls,act=gelu_tanh", dict(global_pool="map", class_token=False, fc_norm=False, act_layer="gelu_tanh")),
    "token_fc_norm": (",fcnorm", dict(global_pool="token", fc_norm=True)),
    "qk_norm": (",qknorm", dict(qk_norm=True)),
    "post_norm": (",pool=avg,fcnorm,nocls,postnorm", dict(global_pool="avg", class_token=False, block_fn="post")),
}


def main(out):
    find()
    from timm.models.vision_transformer import ResPostBlock, VisionTransformer
    answers = []
    for name, (keys, arguments) in SHAPES.items():
        if arguments.get("block_fn") == "post":
            arguments = {**arguments, "block_fn": ResPostBlock}
        model = VisionTransformer(**{**SMALL, **arguments}).eval()
        with torch.no_grad():
            for key, tensor in model.state_dict().items():
                tensor.copy_(torch.from_numpy(value(key, tuple(tensor.shape))))
            pixels = torch.from_numpy(picture(32))
            answers.append({"name": name, "spec": SPEC + keys, "logits": model(pixels).tolist(), "probes": probes(model, pixels).tolist()})
    with open(out, "w") as file:
        json.dump(answers, file)
        file.write("\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(sys.argv[1])
