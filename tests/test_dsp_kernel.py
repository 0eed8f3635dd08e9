"""What the ear's compiled loops give is what numpy gives, and both are what the formulas say."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

import dsp.compiled.kernel
from dsp.bursts.burst_ends import _last_hole
from dsp.bursts.envelope import BRIDGE, edges
from dsp.bursts.frames import Candidates, step_frames
from dsp.bursts.purity import lines_hz, purities, purity, spectra, spectrum
from dsp.bursts.sharp_edges import goes_quiet, sharpen
from dsp.bursts.steadiness import Steadiness
from dsp.bursts.tone_fit import explained, explained_each, inwards
from dsp.bursts.tone_names import ToneNames
from dsp.compiled.kernel import SOURCE, WITHOUT, Kernel, kernel, source_digest
from dsp.listen import listen
from dsp.listening import Listening
from dsp.stream import Stream, overlapping
from dsp.tone_plan import load_plan
from dsp.tone_sets import SR, ToneSet, dtmf_sets, plan_tones, tone_sets
from dsp.voices.loudness import Floor, levels_db
from dsp.voices.music import tonality
from dsp.voices.silero import Network, State, chunk_rows, network
from harness.switchboard import sound
from hatch_build import EAR, LIBRARY, compile_ear

Array = npt.NDArray[np.float32]
SETS = (
    *tone_sets(plan_tones(load_plan("tw"))),
    ToneSet((400.0,), 16.0),
    ToneSet((425.0,), None),
    *(pair for _, pair in dtmf_sets()),
)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path | None:
    """A library made of today's source, now or when the ear was installed; None where there is no compiler."""
    if kernel() is not None:
        return dsp.compiled.kernel.LIBRARY
    root = tmp_path_factory.mktemp("ear")
    _copy_sources(root / EAR)
    return root / LIBRARY if compile_ear(root) else None


def _copy_sources(folder: Path) -> None:
    folder.mkdir()
    for file in SOURCE.glob("ear*.[ch]"):
        shutil.copyfile(file, folder / file.name)


@pytest.fixture(params=("compiled", "numpy"))
def machine(request: pytest.FixtureRequest, compiled: Path | None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Who does the work. Where nothing can be compiled numpy stands in for it, and is tested twice."""
    with_compiled = request.param == "compiled" and compiled is not None
    _use(monkeypatch, compiled if with_compiled else None)
    assert (kernel() is not None) == with_compiled
    yield request.param
    kernel.cache_clear()


def _use(monkeypatch: pytest.MonkeyPatch, library: Path | None) -> None:
    """Have a library do the work, or numpy."""
    monkeypatch.delenv(WITHOUT, raising=False)
    monkeypatch.setattr(dsp.compiled.kernel, "LIBRARY", library or Path("nowhere"))
    kernel.cache_clear()


def _noise(n: int, *, seed: int = 1) -> Array:
    return np.random.default_rng(seed).standard_normal(n).astype(np.float32)


def _tone(n: int, *frequencies_hz: float, level: float = 0.1) -> Array:
    at = np.arange(n) / SR
    wave = sum(np.sin(2 * np.pi * f * at + f) for f in frequencies_hz)
    return np.asarray(level * wave + 0.001 * _noise(n), dtype=np.float32)


def test_a_compiler_that_is_there_is_made_use_of(compiled: Path | None) -> None:
    assert (compiled is None) == (shutil.which("cc") is None and shutil.which("gcc") is None)


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("n", [97, 700, 801, 1024, 2047, 2048, 3001, 4096, 9000])
def test_a_spectrum_is_the_fourier_transform_of_the_windowed_middle(n: int) -> None:
    wave = _noise(n)
    heard = spectrum(wave)
    length = next((some for some in (4096, 2048, 1024, 512) if some <= n), n)
    middle = wave[(n - length) // 2 :][:length].astype(np.float64)
    points = 2 * (len(heard.power) - 1)
    expected = np.abs(np.fft.rfft(middle * np.hanning(length + 2)[1:-1], points)) ** 2
    np.testing.assert_allclose(heard.power, expected, atol=2e-6 * expected.max())
    low, high = (int(edge / heard.hz) for edge in (150.0, 3600.0))
    assert heard.whole == pytest.approx(expected[low:high].sum(), rel=1e-5)


@pytest.mark.usefixtures("machine")
def test_a_stretch_has_the_same_spectrum_alone_and_beside_others() -> None:
    together = spectra(_noise(4 * 900).reshape(4, 900))
    alone = [spectrum(row) for row in _noise(4 * 900).reshape(4, 900)]
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one.power, other.power, rtol=1e-4, atol=1e-6 * float(other.power.max()))


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize(
    "frequencies_hz", [(440.0, 480.0), (480.0, 620.0), (400.0,), (697.0, 1209.0), (1000.0, 3300.0)]
)
@pytest.mark.parametrize("n", [600, 1500, 4000])
def test_sets_asked_about_together_are_as_pure_as_asked_one_by_one(frequencies_hz: tuple[float, ...], n: int) -> None:
    heard = spectrum(_tone(n, *frequencies_hz))
    for found, one in zip(purities(heard, SETS), SETS, strict=True):
        assert tuple(found) == pytest.approx(tuple(purity(heard, one)), rel=1e-5, abs=1e-9)


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("tones", [(441.3,), (438.7, 481.1), (402.0, 425.0, 448.0), (350.0, 440.0, 480.0, 620.0)])
@pytest.mark.parametrize("n", [256, 1203, 3900])
def test_what_tones_explain_is_what_least_squares_give(tones: tuple[float, ...], n: int) -> None:
    wave = _tone(n, *tones) + 0.05 * _noise(n, seed=2)
    share = explained(wave, tones)
    nearest = min((b - a for a, b in pairwise(tones)), default=np.inf)
    told = (sum(tones) / len(tones),) if n * nearest < 0.7 * SR else tones
    phases = np.outer(np.arange(n), 2 * np.pi * np.array(told) / SR)
    waves = np.hstack([np.cos(phases), np.sin(phases)])
    strengths = np.linalg.solve(waves.T @ waves + (1e-4 * n + 1e-9) * np.eye(waves.shape[1]), waves.T @ wave)
    seen = strengths @ (waves.T @ wave)
    energy = seen - (1e-4 * n + 1e-9) * strengths @ strengths
    assert share == pytest.approx(energy / float(wave.astype(np.float64) @ wave), rel=1e-6)


@pytest.mark.usefixtures("machine")
def test_overlapping_windows_are_explained_as_each_alone() -> None:
    wave = _tone(4000, 440, 480) + 0.05 * _noise(4000)
    rows = overlapping(wave, 11, 640, 320)
    alone = [explained(np.ascontiguousarray(row), (440.0, 480.0)) for row in rows]
    np.testing.assert_allclose(explained_each(rows, (440.0, 480.0)), alone, rtol=1e-9)


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("ends", [True, False])
@pytest.mark.parametrize("off", [-90, -31, 0, 17, 120])
def test_an_edge_is_found_to_the_millisecond_from_either_side(off: int, *, ends: bool) -> None:
    tone, quiet = _tone(2400, 440, 480), 0.001 * _noise(1600, seed=3)
    wave, edge = (np.concatenate([tone, quiet]), 2400) if ends else (np.concatenate([quiet, tone]), 1600)
    assert abs(sharpen(wave, (440.0, 480.0), edge + off, ends=ends) - edge) <= 8


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("step", [128, -128])
@pytest.mark.parametrize("first", [0, 1, 5, 7])
@pytest.mark.parametrize("tones", [(440.0, 480.0), (697.0, 1209.0), (400.0,)])
def test_the_first_piece_that_is_a_tone_is_found_from_either_end(
    tones: tuple[float, ...], first: int, step: int
) -> None:
    """Before it come pieces of a voice's loudness, and faint ones; of 7 the seventh is none of them."""
    n, most = 256, 7
    wave = np.concatenate([0.1 * _noise(128 * first), _tone(128 * (most - 1) + n - 128 * first, *tones)])
    pieces = np.ascontiguousarray(wave if step > 0 else wave[::-1])
    found = inwards(pieces, step, most, n, tones, power=1e-4, share=0.95)
    assert 0 <= first - found <= 1 if first < 6 else found == most
    assert inwards(pieces / 100, step, most, n, tones, power=1e-4, share=0.95) == most


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("holes", [(), (6,), (6, 7), (2, 3, 9), (2, 3, 9, 10), (0, 1), (10, 11, 12), (12, 13)])
@pytest.mark.parametrize("tone_set", [SETS[0], SETS[-1]])
def test_a_hole_of_two_pieces_is_found_if_no_shorter_one_comes_behind_it(
    tone_set: ToneSet, holes: tuple[int, ...]
) -> None:
    wave = _tone(14 * 80 + 30, *tone_set.frequencies_hz)
    for hole in holes:
        wave[80 * hole : 80 * (hole + 1)] /= 100
    last = len(holes) > 1 and holes[-1] - holes[-2] == 1
    assert _last_hole(wave, tone_set, 1e-5) == (holes[-2] if last else -1)


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("frequencies_hz", [(440.7, 479.1), (1001.3, 1336.9), (401.9,), (350.1, 440.2, 480.3, 620.4)])
def test_a_line_is_found_between_the_lines_of_a_spectrum(frequencies_hz: tuple[float, ...]) -> None:
    nominal = ToneSet(tuple(round(f, -1) for f in frequencies_hz), None)
    for found, hz in zip(lines_hz(spectrum(_tone(4096, *frequencies_hz)), nominal), frequencies_hz, strict=True):
        assert abs(found - hz) < 0.15


def test_a_spectrum_has_its_peaks_at_the_same_place_whoever_looks(
    compiled: Path | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = [spectrum(_tone(n, 437.0, 483.0) + 0.1 * _noise(n, seed=n)) for n in (900, 2100, 5000)]
    found = []
    for library in (compiled, None):
        _use(monkeypatch, library)
        found.append([lines_hz(one, tones) for one in heard for tones in SETS])
    kernel.cache_clear()
    np.testing.assert_allclose(np.concatenate(found[0]), np.concatenate(found[1]), rtol=1e-12)


@pytest.mark.usefixtures("machine")
def test_a_tone_goes_quiet_where_the_noise_of_the_line_and_nothing_else_follows() -> None:
    noise, level = 0.001 * _noise(2000), 0.1
    behind = 0.001 * _noise(320, seed=5)
    assert goes_quiet(behind, noise, level)
    assert not goes_quiet(_tone(320, 440, 480), noise, level)
    assert not goes_quiet(behind, np.zeros(2000, np.float32), level)
    assert not goes_quiet(np.concatenate([behind[:200], np.zeros(120, np.float32)]), noise, level)
    assert not goes_quiet(behind[:319], noise, level)
    assert not goes_quiet(behind, noise[:1], level)
    assert not goes_quiet(behind[:0], noise[:0], level)


def test_whether_a_tone_goes_quiet_does_not_depend_on_who_works(
    compiled: Path | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(3)
    asked = [
        (n, m, *(10.0 ** rng.uniform(-4, -1, 3)).tolist())
        for n in (318, 320, 344, 400)
        for m in (0, 1, 2, 41, 1999) * 20
    ]
    found: list[list[bool]] = []
    for library in (compiled, None):
        _use(monkeypatch, library)
        found.append([goes_quiet(a * _noise(n), b * _noise(m, seed=2), level) for n, m, a, b, level in asked])
    kernel.cache_clear()
    assert found[0] == found[1]
    assert 10 < sum(found[0]) < len(asked) - 10


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("seed", range(4))
def test_music_is_told_by_what_the_sixteen_strongest_lines_hold(seed: int) -> None:
    wave = 0.1 * _noise(12 * 1024 + 100, seed=seed)
    wave[2048:] += _tone(len(wave) - 2048, 330.0, 550.0 + 37 * seed)
    wave[:1024] = 0
    frames = wave[1024 : 12 * 1024].reshape(-1, 1024).astype(np.float64) * np.hanning(1025)[:-1]
    power = np.sort(np.abs(np.fft.rfft(frames)[:, 150 * 1024 // SR : 3600 * 1024 // SR]) ** 2)
    assert tonality(wave) == pytest.approx(np.percentile(power[:, -16:].sum(axis=1) / power.sum(axis=1), 30), rel=1e-4)
    assert (tonality(wave[:1024]), tonality(wave[:1000])) == (0.0, 0.0)


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("size", [1, 700, 5182, 16000])
def test_half_the_rate_has_what_a_low_pass_leaves(size: int) -> None:
    wave, stream = 0.1 * _noise(32000), Stream(sr=2 * SR)
    wave -= wave[:5120].mean()  # an offset would be taken away
    for at in range(0, len(wave), size):
        stream.append(wave[at : at + size])
    away = np.arange(-31, 32)
    taps = np.sinc(0.47 * away) * 0.47 * np.hamming(63)
    expected = np.convolve(wave, taps / taps.sum())[31::2]
    np.testing.assert_allclose(stream.read(0, stream.available), expected[: stream.available], atol=1e-6)
    assert stream.available == 15360


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("size", [160, 256])
def test_a_chunk_is_as_loud_as_what_arrived_of_it(size: int) -> None:
    chunks = 0.1 * _noise(8 * size).reshape(8, size)
    chunks[1, :40], chunks[2, 1:], chunks[3] = 0, 0, 0
    arrived = [row[row != 0].astype(np.float64) for row in chunks]
    expected = [10 * np.log10(float(some @ some) / max(len(some), 1) + 1e-10) for some in arrived]
    np.testing.assert_allclose(levels_db(chunks), expected, atol=1e-5)


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("tone_set", SETS[:4])
@pytest.mark.parametrize("hole_ms", [0, 60, 200])
def test_a_burst_is_found_between_its_edges_over_lost_packets_and_no_longer_holes(
    tone_set: ToneSet, hole_ms: int
) -> None:
    wave = 0.0005 * _noise(16000)
    wave[4000:12000] = _tone(8000, *tone_set.frequencies_hz)
    wave[6000 : 6000 + 8 * hole_ms] = 0.0
    start, end, level = edges(wave, tone_set, inside=9000)
    wanted = 4000 if hole_ms < BRIDGE else 6000 + 8 * hole_ms
    assert abs(start - wanted) <= 40
    assert abs(end - 12000) <= 40
    assert level == pytest.approx(0.1 * (len(tone_set.frequencies_hz) / 2) ** 0.5, rel=0.05)


@pytest.mark.usefixtures("machine")
def test_nothing_at_all_has_no_edges_but_those_asked_about() -> None:
    start, end, level = edges(np.zeros(4000, np.float32), SETS[0], inside=2000)
    assert (end - start, level) == (8, 0.0)
    assert edges(np.zeros(60, np.float32), SETS[0], inside=30) == (0, 60, 0.0)


@pytest.mark.usefixtures("machine")
def test_an_edge_of_noise_is_left_as_it_was() -> None:
    assert sharpen(_noise(4000), (440.0, 480.0), 2000, ends=True) == 2000


@pytest.mark.usefixtures("machine")
def test_a_set_is_found_in_a_step_alone_as_among_others() -> None:
    candidates, wave = Candidates(SETS), np.concatenate([0.001 * _noise(6000), _tone(16000, 440, 480)])
    together = candidates.find(step_frames(wave[: 6 * 2560 + 352], 6))
    alone = [candidates.find(step_frames(wave[at * 2560 : at * 2560 + 2912], 1))[0] for at in range(6)]
    assert together == alone
    assert any(step.sounds for step in together)


@pytest.mark.parametrize("level", [0.0003, 0.1])
@pytest.mark.parametrize("frequencies_hz", [(440.0, 480.0), (1100.0,), (697.0, 1209.0), (480.0, 620.0, 900.0)])
def test_what_may_sound_does_not_depend_on_who_looks(
    frequencies_hz: tuple[float, ...], level: float, compiled: Path | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    wave = np.concatenate([np.zeros(4000, np.float32), _tone(9000, *frequencies_hz, level=level), _noise(3000) / 20])
    found = []
    for library in (compiled, None):
        _use(monkeypatch, library)
        found.append(Candidates(SETS).find(step_frames(wave[: 5 * 2560 + 352], 5)))
    kernel.cache_clear()
    for ours, theirs in zip(*found, strict=True):
        assert (ours.sets, ours.sounds) == (theirs.sets, theirs.sounds)
        assert ours.powers == pytest.approx(theirs.powers, rel=1e-4)


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("n", [64, 800, 4096, 9000])
@pytest.mark.parametrize("likely", [0, 4, 5, 9])
def test_stretches_named_together_are_named_as_each_set_by_set(n: int, likely: int) -> None:
    names = ToneNames(SETS, read=lambda start, end: _noise(end - start), usual={})
    own = SETS[likely].frequencies_hz
    waves = _tone(n, *own), _tone(n, 440, 480), _tone(n, *own) + 0.1 * _noise(n), 0.1 * _noise(n, seed=4)
    for wave, (name, found, heard) in zip(waves, names.names_of(np.stack(waves), likely), strict=True):
        alone, one_by_one = spectrum(wave), [purity(spectrum(wave), one) for one in SETS]
        assert name == names.named(alone, likely)[0]
        np.testing.assert_allclose(heard.power, alone.power, rtol=1e-4, atol=1e-6 * float(alone.power.max()))
        if name is not None:
            assert tuple(found) == pytest.approx(tuple(one_by_one[name]), rel=1e-4, abs=1e-9)


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("size", [1, 7, 10, 94, 120])
def test_the_noise_is_the_quietest_but_for_some_of_the_last_three_seconds(size: int) -> None:
    floor, heard = Floor(), np.zeros(0)
    for block in range(300 // size + 2):
        levels = np.round(np.random.default_rng(block).uniform(-70, -20, size), 1)
        heard = np.concatenate([heard, levels])[-94:]
        assert floor.update(levels) == max(np.sort(heard)[len(heard) * 6 // 94], -66.0)
        assert floor.is_new == (len(heard) < 5)


def _network() -> Network:
    net = network()
    assert net is not None
    return net


def test_a_chunk_is_encoded_and_heard_the_same_alone_and_among_others(machine: str) -> None:
    net, rows = _network(), chunk_rows(0.1 * _noise(40 * 256 + 32), 40)
    encoded = net.encode(rows)
    alone = np.concatenate([net.encode(rows[i : i + 1]) for i in range(40)])
    # A product of matrices adds up in an order of its own for few rows on some processors; the compiled loops do not.
    np.testing.assert_allclose(alone, encoded, rtol=0, atol=1e-5 if machine == "numpy" or kernel() is None else 0)
    state = State()
    one_by_one = [net.hear(encoded[i : i + 1], state)[0] for i in range(40)]
    assert net.hear(encoded, State()) == one_by_one


def test_the_network_says_the_same_to_a_hundred_thousandth(
    compiled: Path | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    greeting = np.asarray(sound.prompt("greeting-operator", SR), dtype=np.float32)
    rows, net = chunk_rows(np.concatenate([np.zeros(32, np.float32), greeting]), len(greeting) // 256), _network()
    heard = []
    for library in (compiled, None):
        _use(monkeypatch, library)
        one, other = State(), State()
        encoded = net.encode(rows)
        heard.append(
            (net.hear(encoded, one), *net.hear_both(encoded[:40], State(), other), other.h, other.c, one.h, one.c)
        )
    kernel.cache_clear()
    assert max(heard[0][0]) > 0.9
    for ours, theirs in zip(*heard, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)  # not every processor adds what it multiplied


def test_a_call_is_heard_the_same(compiled: Path | None, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [
        sound.tone("ringback", 4.5, sample_rate_hz=SR),
        sound.prompt("greeting-unit", SR),
        sound.prompt("hold-music", SR)[: 4 * SR],
        sound.tone("busy", 3.0, sample_rate_hz=SR),
    ]
    samples = sound.to_pcm(sound.add_noise(np.concatenate(parts), -50.0, seed=1))
    heard: list[Listening] = []
    for library in (compiled, None):
        _use(monkeypatch, library)
        heard.append(listen(samples, sr=SR, plan=load_plan("tw")))
    kernel.cache_clear()
    assert heard[0] == heard[1]
    assert heard[0].legs


@pytest.mark.parametrize("name", ["ear.c", "ear.h", "ear_network.c"])
def test_a_library_of_another_source_is_not_used(
    compiled: Path | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    _use(monkeypatch, compiled)
    _copy_sources(tmp_path / "dsp")
    monkeypatch.setattr(dsp.compiled.kernel, "SOURCE", tmp_path / "dsp")
    assert isinstance(kernel(), Kernel) == (compiled is not None)
    (tmp_path / "dsp" / name).write_bytes((SOURCE / name).read_bytes() + b"\n")
    monkeypatch.setattr(dsp.compiled.kernel, "OF_SOURCE", source_digest())  # as a process begins that reads these
    kernel.cache_clear()
    assert kernel() is None
    kernel.cache_clear()


def test_a_library_that_was_made_anew_under_a_process_is_not_used(
    compiled: Path | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    _use(monkeypatch, compiled)
    monkeypatch.setattr(dsp.compiled.kernel, "OF_SOURCE", "0123456789abcdef")
    kernel.cache_clear()
    assert kernel() is None
    kernel.cache_clear()


def test_nothing_but_an_ear_is_loaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = tmp_path / "_ear.so"
    other.write_bytes(b"no library")
    _use(monkeypatch, other)
    assert kernel() is None
    kernel.cache_clear()


def test_steadiness_does_not_depend_on_who_works(compiled: Path | None, monkeypatch: pytest.MonkeyPatch) -> None:
    wave = _tone(8000, 440, 480)
    found = []
    for library in (compiled, None):
        _use(monkeypatch, library)
        found.append(Steadiness(SETS, read=lambda start, end: wave[start:end]).by_windows(0, 8000, 0))
    kernel.cache_clear()
    assert found[0] == pytest.approx(found[1], rel=1e-6)
    assert found[0] > 0.9
