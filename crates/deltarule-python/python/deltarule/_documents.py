"""The sections that the documentation of both estimators shares."""

from __future__ import annotations

from inspect import cleandoc
from typing import TypeVar

_Estimator = TypeVar("_Estimator", bound=type)

_PARAMETERS = """\
activation : str, optional
    f, by its name ('identity', 'sigmoid', 'tanh', 'relu', 'leaky-relu', 'elu', 'softplus', 'softsign', 'gelu', 'silu', 'exp'), or as
    a formula of h such as 'h / (1 + abs(h))'. By default identity for numbers, sigmoid for classes, and exp with the loss 'poisson'.
loss : str, optional
    The error of one prediction: 'squared', ½(y − ŷ)²; 'log', for classes or shares from 0 to 1; 'huber' or 'huber:T', linear beyond ±T;
    'poisson', for counts; 'quantile:Q'; 'hinge', for classes. By default 'squared'.
bias : bool, default=True
    Whether there is a bias b.
scale : {'standard', 'none'}, default='standard'
    Whether descent sees columns of numbers with mean 0 and standard deviation 1. Weights are told in the units of the columns either way.
init : {'auto', 'zeros', 'normal'}, default='auto'
    The starting weights: zeros, or normal with deviation 1/√d; 'auto' takes zeros where that is sound for f;
    with the Poisson loss and exp the bias begins at ln ȳ.
eta : float or 'auto', default='auto'
    The learning rate η; chosen from the data, or this one, which makes 'gd' the default optimizer.
optimizer : {'gd', 'momentum', 'nesterov', 'lbfgs', 'adagrad', 'rmsprop', 'adam'}, optional
    The rule of descent. By default, for full batches and a chosen η, 'lbfgs', but 'nesterov' with the squared error where no input is rare;
    otherwise 'gd'.
batch : int or 'full', default='full'
    Records a step: all of them, or so many, in random order.
epochs : int, optional
    At most so many passes over the records. By default 100000 for full batches and 200 otherwise.
tolerance : float, default=1e-7
    It is a minimum when no column's correlation with δ is above this.
reduction : {'mean', 'sum'}, default='mean'
    Whether steps follow the mean of the records' gradients or their sum; η on the mean is η/N on the sum.
l1 : float, default=0.0
    Makes weights 0 that are worth less than they cost: l1·Σ|w| beside the mean of the errors, in scaled units and without b.
l2 : float, default=0.0
    Keeps weights small: ½·l2·Σw² beside the mean of the errors, in scaled units and without b.
momentum : float, optional
    β of 'momentum' (by default 0.9) or of 'nesterov' (by default it grows, and starts anew when the path turns uphill).
beta1 : float, optional
    β₁ of 'adam': how much of the mean of the slopes is kept at each step. By default 0.9.
beta2 : float, optional
    β₂ of 'adam': the same for their squares. By default 0.999.
decay : float, optional
    ρ of 'rmsprop': how much of the mean of the squared slopes is kept at each step. By default 0.99.
epsilon : float, optional
    ε of 'adagrad', 'rmsprop' and 'adam', beside the root that slopes are divided by. By default 1e-10 with 'adagrad', 1e-8 otherwise.
schedule : str, optional
    How η changes from epoch to epoch: 'constant', 'inverse:EPOCHS:POWER', 'exponential:FACTOR', 'step:EVERY:FACTOR' or 'cosine:EPOCHS'. By
    default a given η stays, and a chosen one follows the steps.
warm_up : int, default=0
    Raises η to its full size in so many epochs; the schedule begins after them.
average : int or bool, optional
    With steps over few records the mean of the weights from this epoch on, which has less noise; True stands for 2.
missing : {'error', 'mean', 'level', 'mean+flag', 'drop'}, default='error'
    What becomes of missing values: an error; the column's mean, and no level of a category; the same, and a level of its own for
    categories; that, and an input for numbers that says so; or the record is left out of the training. With 'error' and 'drop' a
    prediction takes no missing values.
categorical : list of str, default=()
    Columns to take as categories, numbers among them.
hash : list of str or dict, default=()
    Columns with very many values, each of which is hashed into one of 2^18 buckets, or 2^bits in a dict of columns and bits.
date : list of str or dict, default=()
    Columns of dates, which become year, trend, month, weekday and hour; in a dict with the form that they are written in, as
    {'when': '%d.%m.%Y'}.
interact : list of pairs of str, default=()
    Features made of two columns each: the product of numbers, a slope for each level of a category, or the pairs of two categories'
    levels.
poly : dict, default=()
    Powers of a number as further features, from the square up to this one, as {'hour': 3}.
min_count : int, optional
    Levels of a category with fewer training records than this are pooled into one, in which unknown ones are in prediction.
@class_weight
validation_fraction : float, optional
    The fraction of the records to hold out; the others are trained on.
early_stopping : int or bool, optional
    With `validation_fraction`: end after so many epochs in which E of the records held out was not lower, and keep the weights with
    the least of it; True stands for 10.
seed : int, default=0
    Where everything random is drawn from; the same seed gives the same bits.
random_state : int or RandomState, optional
    scikit-learn's way to give a seed; where it is given `seed` is not looked at.
warm_start : bool, default=False
    Whether :meth:`fit` starts from the weights of the last one, which are carried into the units of the new records, instead of `init`.
precision : {'f64', 'f32'}, default='f64'
    How training holds the records; f32 takes half the memory. Weights and sums are f64 either way.
memory : int, optional
    Bytes for the records that are read from paths; what does not fit goes to a temporary file. By default half of what is free. It does
    not bound arrays and frames, which are in memory already, nor what the process needs beside the records. The result does not depend
    on it.
n_jobs : int, optional
    Threads of one descent; -1 stands for all processors, and None for all where the records are many enough. It does not train several
    estimators beside each other, does not follow joblib's backends, and has no part in predictions, which run on one thread. The result does not
    depend on it.
callback : callable, optional
    Called after each epoch, from 0 for the start on, with a dict of `epoch`, `loss`, `mean_loss`, `eta`, `gradient_norm`, `correlation` and
    `held_out_loss`; where it returns something true descent ends. :meth:`partial_fit` counts the epochs of each call anew.
progress : bool, default=False
    Whether standard error tells how far a descent is; with tqdm where that is installed.
"""

_CLASS_WEIGHT = """\
class_weight : 'balanced' or dict, optional
    How often the records of each class count in E: so that all classes count alike, or a dict of classes and numbers above 0.
"""

_ATTRIBUTES = """\
@weights
input_names_ : list of str, (inputs,)
    The names of the inputs: one for each column of numbers and for each level of a category.
n_features_in_ : int
    How many columns the network was trained on.
feature_names_in_ : array of shape (n_features_in_,)
    The names of those columns, where they have any.
@classes
n_iter_ : int
    Epochs that were run; with :meth:`partial_fit` those of all calls.
best_iter_ : int
    The epoch after which the weights came that were kept.
loss_ : float
    E of the training records at those weights, without penalties; after :meth:`partial_fit` of the records of its last call.
baseline_loss_ : float
    E of the best constant prediction for the same records.
loss_curve_ : array of shape (n_iter_ + 1,)
    E at the start and after each epoch, penalties included; after :meth:`partial_fit` each of its own records.
validation_curve_ : array of shape (n_iter_ + 1,), or None
    The same of the records held out; None without `early_stopping`.
eta_curve_ : array of shape (n_iter_ + 1,)
    η of the steps that follow each of these.
learning_rate_ : float
    η that was given or chosen.
guaranteed_eta_ : float or None
    The η whose guaranteed fall of E in a plain step over all of these records is largest: no η up to twice as large raises E. None where none
    is known.
optimizer_ : str
    The rule of descent that was used.
stop_reason_ : str
    Why descent ended, in a word: 'minimum', 'minimum-at-kinks', 'no-progress', 'epochs', 'early-stopping', 'interrupted' and so on.
stop_text_ : str
    The same in a sentence, with what it means.
notes_ : list of str
    What was found in the records, such as a target that was taken as classes.
"""

_WEIGHTS_OF_NUMBERS = """\
coef_ : array of shape (inputs,), or (outputs, inputs) where y has two dimensions
    The weights, in the units of the columns. Of a sparse matrix there is one for each of its columns.
intercept_ : float, or array of shape (outputs,)
    The bias, likewise.
"""

_WEIGHTS_OF_CLASSES = """\
coef_ : array of shape (1, inputs) for two classes, otherwise (classes, inputs)
    The weights, in the units of the columns. Of a sparse matrix there is one for each of its columns.
intercept_ : array of shape (1,) for two classes, otherwise (classes,)
    The biases, likewise.
"""

_CLASSES = """\
classes_ : array of shape (classes,)
    The classes, in the order of :meth:`predict_proba`.
"""


def documented(cls: _Estimator) -> _Estimator:
    """Puts the sections of parameters and attributes before the examples of an estimator's documentation."""
    of_classes = cls._task == "classification"
    parameters = _PARAMETERS.replace("@class_weight\n", _CLASS_WEIGHT if of_classes else "")
    attributes = _ATTRIBUTES.replace("@weights\n", _WEIGHTS_OF_CLASSES if of_classes else _WEIGHTS_OF_NUMBERS)
    attributes = attributes.replace("@classes\n", _CLASSES if of_classes else "")
    sections = f"Parameters\n----------\n{parameters}\nAttributes\n----------\n{attributes}\n"
    # Newer versions of Python have taken the indentation away already.
    before, heading, examples = cleandoc(cls.__doc__ or "").partition("Examples\n--------\n")
    cls.__doc__ = before + sections + heading + examples
    return cls
