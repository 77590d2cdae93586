"""Chapter 2, the Diagonal BiLSTM: how its ten answers are judged.

cell.py      exercises 1 and 2, the LSTM cell and its way back
skewing.py   exercises 3 and 4, from diagonals to columns and back
scanning.py  exercises 5 and 6, the recurrence over columns and its way back
joining.py   exercises 7 and 8, the two directions and the shift
context.py   exercises 9 and 10, the pixel that is missed, and the column that mends it
"""

from minipixel.course.exercises import Exercise
from minipixel.course.exercises.diagonal_bilstm.cell import judge_lstm_backward, judge_lstm_forward
from minipixel.course.exercises.diagonal_bilstm.context import judge_full_context_forward, judge_missed
from minipixel.course.exercises.diagonal_bilstm.joining import judge_join_backward, judge_join_forward
from minipixel.course.exercises.diagonal_bilstm.scanning import judge_scan_backward, judge_scan_forward
from minipixel.course.exercises.diagonal_bilstm.skewing import judge_skew, judge_unskew

EXERCISES = (Exercise(1, "lstm_forward", judge_lstm_forward),
             Exercise(2, "lstm_backward", judge_lstm_backward, builds_on=("lstm_forward",)),
             Exercise(3, "skew", judge_skew),
             Exercise(4, "unskew", judge_unskew),
             Exercise(5, "scan_forward", judge_scan_forward),
             Exercise(6, "scan_backward", judge_scan_backward, builds_on=("scan_forward",)),
             Exercise(7, "join_forward", judge_join_forward),
             Exercise(8, "join_backward", judge_join_backward, builds_on=("join_forward",)),
             Exercise(9, "missed", judge_missed),
             Exercise(10, "full_context_forward", judge_full_context_forward))
