"""The figures: what is drawn stands in the file, to the pixel where pixels matter; files appear whole or not at all."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
import wrong
from PIL import Image

from minipixel import audit, plots

GREY = np.arange(2 * 4 * 5).reshape(2, 4, 5, 1) % 17
COLOUR = np.random.default_rng(0).integers(256, size=(3, 4, 5, 3))
ROWS = [{"step": 10 * k, "epoch": k / 2, "train_nats": 60.0 - k, "validation_nats": 61.0 - k if k % 2 else float("nan")}
        for k in range(8)]


def picture(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def test_tiled_puts_every_image_in_its_place():
    canvas = plots.tiled(plots.pixels(GREY, 17), 1)
    assert canvas.shape == (9, 5, 3) and np.all(canvas[4] == 0.6)
    assert np.array_equal(canvas[5:], np.repeat(GREY[1] / 16, 3, axis=-1))


def test_levels_scale_from_black_to_white_and_colours_stay():
    assert plots.pixels(np.array([[[[0], [1]]]]), 2).tolist() == [[[[0, 0, 0], [1, 1, 1]]]]
    assert np.array_equal(plots.pixels(COLOUR, 256), COLOUR / 255)


def test_samples_stand_in_the_file_pixel_for_pixel(tmp_path):
    plots.samples_grid(COLOUR, 256, tmp_path / "s.png")
    drawn = picture(tmp_path / "s.png").reshape(-1, 3)
    wanted = {tuple(value) for value in COLOUR.reshape(-1, 3).tolist()}
    assert wanted <= {tuple(value) for value in np.unique(drawn, axis=0).tolist()}


def test_the_title_of_a_small_picture_is_not_cut(tmp_path):
    """The title is drawn in full: nothing of it touches the sides."""
    plots.samples_grid(np.zeros((1, 2, 2, 1), int), 256, tmp_path / "s.png")
    drawn = picture(tmp_path / "s.png")
    assert (drawn[:, :3] == 255).all() and (drawn[:, -3:] == 255).all() and (drawn[:35] < 128).any()
    assert ((drawn == 0).all(axis=-1).sum(axis=1)[-20:-11] == 24).all()


def test_groups_stand_side_by_side(tmp_path):
    plots.beside({"dark": GREY * 0, "bright": GREY * 0 + 16}, 17, tmp_path / "b.png")
    drawn = picture(tmp_path / "b.png")
    middle = drawn.shape[1] // 2
    dark, bright = ((drawn[:, part] == shade).all(axis=-1).sum() for part, shade in
                    ((slice(0, middle), 0), (slice(middle, None), 255)))
    assert dark > 10_000 and bright > 10_000 and (drawn[:, middle:] == 0).all(axis=-1).sum() < 2000      # the title


def test_features_show_their_sign_and_what_is_not_read(tmp_path):
    filters = np.array([[[1.0, -1.0], [0.0, np.nan]]] * 2)
    plots.features(filters, "two", tmp_path / "f.png")
    drawn = picture(tmp_path / "f.png")
    wanted = [np.rint(255 * np.array(colour)) for colour in ((0.75, 0.22, 0.17), (0.23, 0.44, 0.71), (1, 1, 1), (0.85,) * 3)]
    counts = [(np.abs(drawn[30:] - colour) <= 1).all(axis=-1).sum() for colour in wanted]
    assert counts[0] == counts[1] == counts[3] == 2 * 12 ** 2 and counts[2] >= 2 * 12 ** 2


def test_completions_show_hidden_values_in_their_own_colour(tmp_path):
    hidden = np.broadcast_to((np.arange(4) > 1)[:, None, None], GREY.shape)
    drawn = np.stack([GREY, 16 - GREY], axis=1)
    plots.completions(GREY, np.ma.masked_array(GREY, mask=hidden), drawn, 17, tmp_path / "c.png")
    blue = np.all(np.abs(picture(tmp_path / "c.png") / 255 - plots.HIDDEN) < 0.01, axis=-1)
    scale = 12
    assert blue.sum() == hidden.sum() * scale ** 2


def test_labelled_images_show_true_and_given_labels_in_the_colour_of_their_class(tmp_path):
    targets = np.full((2, 4, 5), 10)
    targets[0, 1:3, 1:3] = 3
    given = np.where(targets == 3, 4, targets)
    plots.labelled(GREY, targets, given, 17, tmp_path / "l.png")
    drawn, side = picture(tmp_path / "l.png") / 255, 1200 // (15 * 6 - 1)
    for digit in (3, 4):
        colour = plots.class_colours(np.array(digit), 10)
        assert np.all(np.abs(drawn[40:] - colour) < 0.01, axis=-1).sum() == 4 * min(12, side) ** 2  # below the legend


def test_learning_curve_takes_baselines_and_leaves_nan_out(tmp_path, monkeypatch):
    figures = []
    monkeypatch.setattr("minipixel.plots.lines.save", lambda figure, path: figures.append(figure))
    plots.learning_curve(ROWS, tmp_path / "l.png", {"uniform": 70.0, "independent pixels": 65.0, "far": 900.0})
    axes = figures[0].axes[0]
    lines = {line.get_label().split(",")[0]: line for line in axes.get_lines()}
    assert list(lines) == ["train", "validation", "uniform", "independent pixels", "far"]
    assert lines["validation"].get_xdata().tolist() == [0.5, 1.5, 2.5, 3.5]
    assert lines["validation"].get_ydata().tolist() == [60, 58, 56, 54]
    assert set(lines["uniform"].get_ydata()) == {70.0}
    assert np.isnan(lines["far"].get_ydata()).all() and axes.get_ylim()[1] < 100
    assert "nats per image" in axes.get_ylabel() and "epochs" in axes.get_xlabel()


def panels(result, monkeypatch, **choice):
    """{title: {(row, cell): (face colour, hatch)}} of a dependency map."""
    figures = []
    monkeypatch.setattr("minipixel.plots.maps.save", lambda figure, path: figures.append(figure))
    plots.dependencies(result, "unused", **choice)
    return {axes.get_title(): {(patch.get_y(), patch.get_x()): (patch.get_facecolor(), patch.get_hatch())
                               for patch in axes.patches if patch.get_fill()} for axes in figures[0].axes}


def test_dependency_map_shows_earlier_leaks_and_blind_spots(monkeypatch):
    result = audit.causality(wrong.CentreRowZeroed(1, 2, 1), (7, 7, 1), 2)
    cells = panels(result, monkeypatch, pixels=[(3, 3)])["prediction at (3, 3)"]
    assert len(cells) == 49
    assert cells[3, 2][0][2] > cells[3, 2][0][0]        # earlier, read: blue
    assert cells[4, 3][0][0] > cells[4, 3][0][2]        # later, read: red
    assert cells[3, 3][0][0] > cells[3, 3][0][2]        # own value: red
    assert cells[0, 0] == ((1, 1, 1, 1), "////")        # earlier, not seen
    assert cells[6, 6] == ((1, 1, 1, 1), None)          # later, not read: as it should be


def test_dependency_map_has_a_panel_for_each_colour(monkeypatch):
    result = audit.causality(wrong.TwoMasksA(3, 2, 1), (2, 3, 3), 2)
    drawn = panels(result, monkeypatch, pixels=[(1, 1)])
    assert list(drawn) == [f"prediction at (1, 1, {c})" for c in "RGB"]
    green = drawn["prediction at (1, 1, G)"]
    assert green[1, 1][1] == "////" and len(green) == 18


def test_diagonals_keep_their_colour_where_the_skew_puts_them(monkeypatch):
    figures = []
    monkeypatch.setattr("minipixel.plots.skew.save", lambda figure, path: figures.append(figure))
    image, skewed = np.array([[1, 2, 3], [4, 5, 6]]), np.array([[1, 2, 3, 0], [0, 4, 5, 6]])
    plots.diagonals(image, skewed, "unused")
    plain, moved = figures[0].axes
    colours = {axes: np.reshape([patch.get_facecolor() for patch in axes.patches[:size]], (2, -1, 4))
               for axes, size in ((plain, 6), (moved, 8))}
    assert np.array_equal(colours[plain][0, 1], colours[plain][1, 0])            # 2 and 4 are one diagonal
    assert np.array_equal(colours[moved][0, 1], colours[moved][1, 1])            # and now one column
    assert np.all(colours[moved][1, 0] == 1) and np.all(colours[moved][0, 3] == 1)
    arrows = [[(text.xyann, text.xy) for text in axes.texts if not text.get_text()] for axes in (plain, moved)]
    assert np.array_equal(arrows[0], [[(0.5, 1.5), (1.5, 1.5)], [(1.5, 0.5), (1.5, 1.5)]])
    assert np.array_equal(arrows[1], [[(1.5, 1.5), (2.5, 1.5)], [(1.5, 0.5), (2.5, 1.5)]])
    plots.diagonals(image, 0 * skewed, "unused")                                 # a skew that loses all: no arrows, no error
    assert not any(text.get_text() == "" for text in figures[1].axes[1].texts)


def test_every_figure_is_written_whole(tmp_path):
    result = audit.causality(wrong.WholeImageMean(3, 2, 1), (3, 3, 3), 2)
    for name in ("a.png", "b.svg", "c.pdf"):
        plots.dependencies(result, tmp_path / name)
    plots.dependencies(audit.causality(wrong.Uniform(1, 2, 1), (1, 1, 1), 2), tmp_path / "one.png")
    plots.learning_curve(ROWS, str(tmp_path / "l.png"))
    plots.learning_curve([], tmp_path / "empty.png", {})
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["a.png", "b.svg", "c.pdf", "empty.png", "l.png", "one.png"]
    assert picture(tmp_path / "a.png").std() > 0
    assert (tmp_path / "c.pdf").read_bytes().startswith(b"%PDF")


def test_a_figure_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    from matplotlib.figure import Figure

    path = tmp_path / "s.png"
    plots.samples_grid(GREY, 17, path)
    before = path.read_bytes()

    def full_disk(self, target, **options):
        target.write_bytes(b"half")
        raise OSError("No space left on device")
    monkeypatch.setattr(Figure, "savefig", full_disk)
    with pytest.raises(OSError):
        plots.samples_grid(GREY[::-1], 17, path)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["s.png"]


def test_no_global_state(tmp_path):
    import subprocess
    code = ("import sys, numpy as np; from minipixel import plots; assert 'matplotlib' not in sys.modules; "
            "plots.samples_grid(np.zeros((1, 2, 2, 1), int), 2, sys.argv[1]); "
            "assert 'matplotlib.pyplot' not in sys.modules")
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "s.png")], check=True)


@pytest.mark.parametrize("images", [GREY[..., 0], np.zeros((1, 4, 4, 2), int), GREY[:0]])
def test_images_of_a_wrong_shape_are_refused(images, tmp_path):
    with pytest.raises(ValueError, match=r"plots expects images \(N, H, W, 1 or 3\), got"):
        plots.samples_grid(images, 17, tmp_path / "s.png")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def drawn(monkeypatch):
    """The figures that would have been saved."""
    figures = []
    for part in ("lines", "gradients"):
        monkeypatch.setattr(f"minipixel.plots.{part}.save", lambda figure, path: figures.append(figure))
    return figures


def test_curves_draw_a_line_for_each_name_and_leave_zeros_out_of_a_logarithm(drawn):
    lines = {"one": ([1, 3, 5], [2.0, 0.0, 4.0]), "other": ([1, 3], [1, 2])}
    plots.curves(lines, "c.png", across="a", up="u", title="t", log=True)
    axes, = drawn[0].axes
    one, other = axes.get_lines()
    assert [line.get_label() for line in (one, other)] == ["one", "other"] and list(one.get_xdata()) == [1, 3, 5]
    np.testing.assert_array_equal(one.get_ydata(), [2, np.nan, 4])
    assert (axes.get_yscale(), axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) == ("log", "a", "u", "t")
    plots.curves({"one": ([3, 5], [-1, 0])}, "c.png", across="a", up="u", marked=True)
    line, = drawn[1].axes[0].get_lines()
    assert list(line.get_ydata()) == [-1, 0] and line.get_marker() == "o" and drawn[1].axes[0].get_xticks().tolist() == [3, 5]


def test_truncation_draws_errors_against_depth_and_cost(drawn):
    plots.truncation({"BPTT(h)": [(1, 0.5, 300), (2, 0.1, 600), (4, 1e-16, 1200)]}, "t.png")
    by_depth, by_cost = (axes.get_lines()[0] for axes in drawn[0].axes)
    assert by_depth.get_xdata().tolist() == [1, 2] and by_cost.get_xdata().tolist() == [300, 600]
    assert by_depth.get_ydata().tolist() == by_cost.get_ydata().tolist() == [0.5, 0.1]


def test_complexity_draws_counts_and_the_tables_line_through_them(drawn):
    fits = [SimpleNamespace(row=SimpleNamespace(name="RTRL"), what=what, grows=grows, sizes=[2, 4, 8],
                            counts=[3 * size**2 for size in (2, 4, 8)], slope=2.0, expected=2)
            for what in ("time", "space") for grows in ("n", "h", "T", "h_prime")]
    plots.complexity(fits, "c.png")
    assert [axes.get_title() for axes in drawn[0].axes] == [f"{what} against {grows}" for what in ("time", "space")
                                                            for grows in ("n", "h", "T")]
    for axes in drawn[0].axes:
        line, points = axes.get_lines()
        assert points.get_label() == "RTRL: 2.00 (table 2)" and points.get_ydata().tolist() == [12, 48, 192]
        np.testing.assert_allclose(line.get_ydata(), points.get_ydata())


def test_online_learning_draws_a_line_for_each_seed_and_names_it_once(drawn):
    runs = [SimpleNamespace(stretch=500, curve=[0.5, 0.2, 0.0])] * 2
    plots.online_learning({"xor": {"RTRL": runs}, "oscillation": {"free": runs, "forced": runs}}, "o.png")
    xor, oscillation = drawn[0].axes
    assert xor.get_lines()[1].get_xdata().tolist() == [0.5, 1.0, 1.5]
    assert [text.get_text() for text in oscillation.get_legend().get_texts()] == ["free, 2 seeds", "forced, 2 seeds", "a coin"]
