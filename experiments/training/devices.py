"""What a trial computes on: a device and a precision, asked for by name."""

import torch

from tracking.errors import InputError


def find_device(name: str) -> torch.device:
    """The device of that name; "auto" is the GPU where there is one.

    Raises InputError for a device that is not here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        if not _trains(device):
            raise RuntimeError
    except (RuntimeError, AssertionError, NotImplementedError, ValueError):
        here = "cpu, cuda" if torch.cuda.is_available() else "cpu (no GPU is visible)"
        raise InputError(f"device '{name}' cannot be used; allowed: auto, {here}") from None
    return device


def _trains(device: torch.device) -> bool:
    """Whether a step can be computed and read there; on `meta` nothing is computed."""
    weight = torch.ones(2, 2, device=device, requires_grad=True)
    (weight @ weight).sum().backward()
    return weight.grad is not None and bool(weight.grad.sum().item())


def precision_on(device: str) -> str:
    """What precision=auto comes to on the device of that name: fp32 or bf16.

    Raises InputError for a device that is not here.
    """
    return find_precision("auto", find_device(device))


def find_precision(name: str, device: torch.device) -> str:
    """fp32 or bf16; "auto" is bf16 where the device multiplies it natively.

    Elsewhere bf16 is emulated, which is slower than fp32.
    """
    if name != "auto":
        return name
    return "bf16" if _multiplies_bf16(device) else "fp32"


def _multiplies_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
