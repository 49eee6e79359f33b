"""A scene for trying out a farm: glossy shapes that turn on a checkered floor, 240 frames of it.

    blender --background --factory-startup --python make_scene.py -- FOLDER/scene.blend [SAMPLES]

The seed is fixed and nothing is denoised, so that a frame always has the same pixels, rendered by one thread.
"""

import math
import sys
from pathlib import Path

import bpy

FRAMES = 240
SHAPES = 7
SAMPLES = 32  # per pixel, unless told otherwise


def main() -> None:
    path, *samples = sys.argv[sys.argv.index("--") + 1 :]
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    settings(scene, int(samples[0]) if samples else SAMPLES)
    floor()
    turning = pivot()
    for number in range(SHAPES):
        shape(number, turning)
    light()
    camera(scene)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    bpy.ops.wm.save_as_mainfile(filepath=path, compress=True)


def settings(scene: bpy.types.Scene, samples: int) -> None:
    scene.render.engine = "CYCLES"
    scene.cycles.device = "CPU"
    scene.cycles.samples = samples
    scene.cycles.seed = 47
    scene.cycles.use_adaptive_sampling = False
    scene.cycles.use_denoising = False
    scene.render.resolution_x, scene.render.resolution_y = 320, 180
    scene.render.resolution_percentage = 100
    scene.render.image_settings.file_format = "PNG"
    scene.render.use_stamp = False
    scene.frame_start, scene.frame_end = 1, FRAMES
    scene.world = bpy.data.worlds.new("sky")
    scene.world.use_nodes = True
    scene.world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.30, 0.42, 0.60, 1)


def material(name: str, colour: tuple[float, float, float], roughness: float) -> bpy.types.Material:
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    surface = made.node_tree.nodes["Principled BSDF"]
    surface.inputs["Base Color"].default_value = (*colour, 1)
    surface.inputs["Roughness"].default_value = roughness
    return made


def floor() -> None:
    bpy.ops.mesh.primitive_plane_add(size=40)
    made = material("floor", (0.8, 0.8, 0.8), 0.4)
    nodes, links = made.node_tree.nodes, made.node_tree.links
    checker = nodes.new("ShaderNodeTexChecker")
    checker.inputs["Scale"].default_value = 30
    checker.inputs["Color1"].default_value = (0.75, 0.74, 0.70, 1)
    checker.inputs["Color2"].default_value = (0.12, 0.13, 0.16, 1)
    links.new(checker.outputs["Color"], nodes["Principled BSDF"].inputs["Base Color"])
    bpy.context.object.data.materials.append(made)


def pivot() -> bpy.types.Object:
    """Make the point around which the shapes turn, once in all frames."""
    bpy.ops.object.empty_add()
    turning = bpy.context.object
    turning.keyframe_insert("rotation_euler", frame=1)
    turning.rotation_euler.z = math.tau
    turning.keyframe_insert("rotation_euler", frame=FRAMES + 1)
    for curve in turning.animation_data.action.fcurves:
        for key in curve.keyframe_points:
            key.interpolation = "LINEAR"
    return turning


def shape(number: int, turning: bpy.types.Object) -> None:
    angle = math.tau * number / SHAPES
    place = (2.6 * math.cos(angle), 2.6 * math.sin(angle), 0.8)
    if number % 2:
        bpy.ops.mesh.primitive_torus_add(location=place, rotation=(math.tau / 4, 0, angle), minor_radius=0.3)
        bpy.context.object.scale = (0.6, 0.6, 0.6)
    else:
        bpy.ops.mesh.primitive_uv_sphere_add(location=place, radius=0.8, segments=48, ring_count=24)
    bpy.ops.object.shade_smooth()
    colour = tuple(0.5 + 0.45 * math.cos(angle + shift) for shift in (0, 2.1, 4.2))
    bpy.context.object.data.materials.append(material(f"shape {number}", colour, 0.12 + 0.08 * number))
    bpy.context.object.parent = turning


def light() -> None:
    bpy.ops.object.light_add(type="AREA", location=(4, -4, 7), rotation=(0.6, 0.35, 0.6))
    bpy.context.object.data.energy = 900
    bpy.context.object.data.size = 3


def camera(scene: bpy.types.Scene) -> None:
    bpy.ops.object.camera_add(location=(0, -9.5, 4.2), rotation=(math.radians(69), 0, 0))
    scene.camera = bpy.context.object
    scene.camera.data.lens = 38


main()
