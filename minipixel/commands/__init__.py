"""What each command does: from parsed arguments to a Result, which the command line prints as text or as JSON.

training.py   train, eval        pictures.py   sample, complete       judged.py   how train and eval judge a model
proof.py      audit, check       lists.py      models, data
"""

from minipixel.commands.lists import data, models
from minipixel.commands.pictures import complete, sample
from minipixel.commands.proof import audit, check
from minipixel.commands.training import evaluate, train

COMMANDS = {"train": train, "eval": evaluate, "sample": sample, "complete": complete, "audit": audit, "check": check,
            "models": models, "data": data}
