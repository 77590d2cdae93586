"""Chapter 3, the MCGSM: how its nine answers are judged.

neighbours.py   exercise 1, the causal neighbourhood
gate.py         exercises 2 and 3, the gate's energies and their way back
experts.py      exercises 4 and 5, the Gaussians and their way back
mixing.py       exercises 6 to 8, the log of a sum of exponentials, the mixture and its way back
joining.py      exercise 9, gate and experts brought together
"""

from minipixel.course.exercises import Exercise
from minipixel.course.exercises.mcgsm.experts import judge_expert_backward, judge_expert_forward
from minipixel.course.exercises.mcgsm.gate import judge_gate_backward, judge_gate_forward
from minipixel.course.exercises.mcgsm.joining import judge_mcgsm_backward
from minipixel.course.exercises.mcgsm.mixing import judge_log_sum_exp, judge_mixture_backward, judge_mixture_forward
from minipixel.course.exercises.mcgsm.neighbours import judge_causal

EXERCISES = (Exercise(1, "causal", judge_causal),
             Exercise(2, "gate_forward", judge_gate_forward),
             Exercise(3, "gate_backward", judge_gate_backward, builds_on=("gate_forward",)),
             Exercise(4, "expert_forward", judge_expert_forward),
             Exercise(5, "expert_backward", judge_expert_backward, builds_on=("expert_forward",)),
             Exercise(6, "log_sum_exp", judge_log_sum_exp),
             Exercise(7, "mixture_forward", judge_mixture_forward),
             Exercise(8, "mixture_backward", judge_mixture_backward, builds_on=("mixture_forward",)),
             Exercise(9, "mcgsm_backward", judge_mcgsm_backward))
