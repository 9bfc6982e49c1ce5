"""How the pages look: every text stands out, light and dark, and nothing is wider than a phone."""

from __future__ import annotations

import pytest

from tests.browser_world import CHROMIUM, LIKED, browser, cards, expect, look, settled, shop, visit

__all__ = ["browser", "look", "shop", "visit"]  # fixtures
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="no Chromium is installed; name one in PALATE_CHROMIUM"),
]

# the contrast of every visible text with what lies behind it, WCAG 2.2, criterion 1.4.3
CONTRAST = """() => {
  const parse = (text) => {
    const numbers = text.match(/[\\d.]+/g).map(Number);
    return text.startsWith('color(') ? [...numbers.slice(0, 3).map((n) => n * 255), numbers[3] ?? 1]
      : [...numbers.slice(0, 3), numbers[3] ?? 1];
  };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const light = (rgb) => {
    const [r, g, b] = rgb.map((n) => n / 255).map((n) => (n <= 0.04045 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    const layers = [];
    for (let one = element; one; one = one.parentElement) layers.push(parse(getComputedStyle(one).backgroundColor));
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255, 1]);
  };
  const poor = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement, words = walker.currentNode.textContent.trim();
    const box = element.getBoundingClientRect(), style = getComputedStyle(element);
    if (!words || !box.width || !box.height || style.visibility === 'hidden' || style.opacity === '0') continue;
    const passed = 'script, style, noscript, [disabled], [aria-disabled=true], canvas, [data-testid=stToolbar], '
      + '[data-testid=stSliderThumbValue]';  // it stands above the thumb it belongs to
    if (element.closest(passed)) continue;
    const behind = ground(element), front = over(parse(style.color), behind);
    const [high, low] = [light(front), light(behind)].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05), size = parseFloat(style.fontSize);
    const icon = element.dataset.testid === 'stIconMaterial';  // a graphic: criterion 1.4.11
    const large = icon || size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) poor.push(`${ratio.toFixed(2)}: ${words.slice(0, 40)}`);
  }
  return poor;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_and_nothing_is_wider_than_a_phone(visit, look, scheme):
    mia = visit(f"mia-{scheme}", color_scheme=scheme)
    mia.say("something with a moon")
    for place in range(2):
        cards(mia.page).nth(place).get_by_role("radio").first.click()
        expect(mia.page.get_by_text(LIKED)).to_have_count(place + 1)
        settled(mia.page)
    why = cards(mia.page).first.get_by_role("link", name="Why this?").get_attribute("href")
    person = f"person=mia-{scheme}"
    places = {
        "chat": mia.page.url.removeprefix(mia.address),
        "taste": f"/taste?{person}",
        "catalogue": f"/catalogue?{person}",
        "item": f"/catalogue?{person}&item=print-0003",
        "traces": f"/traces?{person}",
        "trace": why if why.startswith("/") else f"/{why}",
        "models": f"/models?{person}",
        "results": f"/results?{person}",
    }
    found = {}
    for name, place in places.items():
        page = mia.open(place)
        page.wait_for_timeout(800)
        settled(page)
        look(page, name)
        found[name] = page.evaluate(CONTRAST)
        page.set_viewport_size({"width": 390, "height": 844})
        page.wait_for_timeout(800)
        settled(page)
        look(page, f"{name}-narrow")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, f"{name} is wider than the screen"
        page.close()
    assert not any(found.values()), f"these texts stand out too little: {found}"
