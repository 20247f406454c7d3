"""The world around the trigger: beams, processes, detector response, studies, command line."""
