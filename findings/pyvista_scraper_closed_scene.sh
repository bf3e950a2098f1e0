#!/usr/bin/env bash
# pyvista 0.49.1: the scraper for sphinx-gallery fails at a scene that has been closed, and then at every later block.
#
# With pyvista.BUILDING_GALLERY, which the scraper asks for, a closed scene stays in the list of scenes, so that the scraper
# asks it for a picture: "This plotter is closed and unable to save a screenshot". As the list is only cleared afterwards, all
# blocks and scripts that follow fail, too. Whoever has a function that writes a picture and closes its scene, as one
# should, cannot show its page in a gallery.
# Seen: RuntimeError, also in a second block that makes no scene.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'pyvista==0.49.1' 'sphinx-gallery==0.22.1' 'sphinx==9.0.4' 'matplotlib'
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import pyvista

pyvista.OFF_SCREEN = True
pyvista.BUILDING_GALLERY = True
scene = pyvista.Plotter()
scene.add_mesh(pyvista.Sphere())
scene.screenshot("sphere.png")
scene.close()

names = {"image_path_iterator": iter(["block_1.png", "block_2.png"])}
for block in ("the block of the scene", "the next block, without one"):
    try:
        pyvista.Scraper()(None, names, {"src_dir": ".", "image_srcset": []})
    except RuntimeError as error:
        print(f"{block}: {error}")
        assert "closed" in str(error), "the behaviour has changed"
    else:
        raise SystemExit("the behaviour has changed: no error")
PYTHON
