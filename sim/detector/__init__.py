"""The detector around the trigger: how particles become trigger cells."""
