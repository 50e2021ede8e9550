"""The page of a simulated run, in a real browser: nothing in the console, plots drawn, fit for a phone."""

import os
import subprocess

import pytest

import browser
from musterd import BUILD

POLICY = """# <script>document.title = "no"</script>
pool: render
queue: { exec: "echo 3" }
slots: { max: 80 }
scale: [ drain: { within: 10m } ]
buy: { offers: [ local: { command: [/bin/false], price: 0.1 USD/h } ] }
"""


@pytest.fixture
def page(tmp_path):
    policy = tmp_path / "render.yaml"
    policy.write_text(POLICY, encoding="utf-8")
    path = tmp_path / "report.html"
    out = subprocess.run(
        [os.path.join(BUILD, "muster"), "simulate", str(policy), "--work",
         "poisson 0.2/s, for 12h, service lognormal 30s cv 1", "--boot", "aws", "--report", str(path)],
        capture_output=True, text=True, timeout=120)
    assert out.returncode == 0, out.stderr
    assert "x of the cheapest possible" in out.stdout
    return path


def test_the_page_needs_nobody(page):
    text = page.read_text(encoding="utf-8")
    assert "<script" not in text and "http://" not in text and "https://" not in text
    assert "&lt;script&gt;" in text, "the policy file is shown, not run"
    assert "x of the cheapest possible" in text


@pytest.mark.skipif(browser.program() is None, reason="there is no Chromium on this machine")
def test_in_a_browser(page, tmp_path):
    chromium = browser.Browser(tmp_path)
    try:
        for name, width in (("phone", 360), ("desk", 1280)):
            chromium.open(page.as_uri(), width, 800)
            assert chromium.complaints() == []
            assert chromium.value("document.documentElement.scrollWidth") <= width
            plots = chromium.value(
                "[...document.querySelectorAll('svg')].map(svg => [svg.getBoundingClientRect().width,"
                " [...svg.querySelectorAll('path')].some(path => path.getBBox().height > 50)])")
            assert len(plots) == 5
            for drawn_width, has_shape in plots:
                assert drawn_width > width / 2 - 200 and has_shape
            shot = tmp_path / f"{name}.png"
            chromium.screenshot(shot)
            assert shot.stat().st_size > 20000
    finally:
        chromium.close()
