//! From named columns to a network's inputs, and from its outputs back to names.

use deltarule_core::{ColumnKind, ColumnScaling, NO_LEVEL, Scaling, Shape};

use crate::buckets::{BucketSet, hash_text};
use crate::combine::{Factor, product_text};
use crate::date_part::DatePart;
use crate::dates::DateFormat;
use crate::private::{Salt, is_own_name};
use crate::target::Target;

/// What becomes of a missing value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingRule {
    /// Training refuses it; a prediction is empty.
    #[default]
    Error,
    /// A number takes its column's mean, a category none of its levels.
    Mean,
    /// A category has a level of its own, [`MISSING_LEVEL`], a date and a hashed column an input that says so; a number takes its column's mean.
    Level,
    /// As [`Level`](Self::Level), and a number has an input that says so beside the mean.
    MeanAndFlag,
    /// Training leaves the record out; a prediction is empty.
    Drop,
}

/// The level of a category that missing values are where the rule gives them one; a text of that name is the same level.
pub const MISSING_LEVEL: &str = "(missing)";
/// The level of a category that rare and unknown levels are where rare ones are pooled; a text of that name is the same level.
pub const RARE_LEVEL: &str = "(rare)";

impl MissingRule {
    /// Every rule.
    pub const ALL: &'static [MissingRule] =
        &[MissingRule::Error, MissingRule::Mean, MissingRule::Level, MissingRule::MeanAndFlag, MissingRule::Drop];

    /// Whether a missing value is given one.
    pub fn fills(self) -> bool {
        matches!(self, MissingRule::Mean | MissingRule::Level | MissingRule::MeanAndFlag)
    }

    /// Whether missing is a level of its own of a category.
    pub fn has_level(self) -> bool {
        matches!(self, MissingRule::Level | MissingRule::MeanAndFlag)
    }

    /// `error`, `mean`, `level`, `mean+flag` or `drop`.
    pub fn name(self) -> &'static str {
        match self {
            MissingRule::Error => "error",
            MissingRule::Mean => "mean",
            MissingRule::Level => "level",
            MissingRule::MeanAndFlag => "mean+flag",
            MissingRule::Drop => "drop",
        }
    }
}

/// How number columns are scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ScaleRule {
    /// x̃ = (x − mean)/standard deviation.
    #[default]
    Standard,
    /// x̃ = x.
    None,
}

impl ScaleRule {
    /// Every rule.
    pub const ALL: &'static [ScaleRule] = &[ScaleRule::Standard, ScaleRule::None];

    /// `standard` or `none`.
    pub fn name(self) -> &'static str {
        match self {
            ScaleRule::Standard => "standard",
            ScaleRule::None => "none",
        }
    }
}

/// One feature of a model: a column, or what is made of one.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    /// The feature's name: that of its column, and for what is made of a column what that is after it (`when: month`, `age: missing`).
    pub name: String,
    /// What its values are made of.
    pub origin: Origin,
    /// Number, boolean, category, hashed column, or a group of sparse numbers.
    pub kind: FeatureKind,
    /// What the levels of a column are hashed with, where they are.
    hidden: Option<Salt>,
}

/// What a feature's values are made of.
#[derive(Debug, Clone, PartialEq)]
pub enum Origin {
    /// They are those of the column of the same name.
    Column,
    /// They are a part of the dates in a column: a number, or a category whose levels stand in the order of the calendar.
    Date {
        /// The column.
        column: String,
        /// How dates are written in it.
        format: DateFormat,
        /// The part.
        part: DatePart,
    },
    /// 1 where the value in a column is missing, 0 where it is there; a boolean.
    Missing {
        /// The column.
        column: String,
    },
    /// They are products; a number.
    Product(Vec<Factor>),
    /// They are pairs of the levels of two categories, `first:second`; a category.
    Pair([String; 2]),
}

/// What a feature column holds.
#[derive(Debug, Clone, PartialEq)]
pub enum FeatureKind {
    /// A number.
    Number {
        /// The mean over the training records.
        mean: f64,
        /// The smallest training value; NaN in a model that does not tell it.
        min: f64,
        /// The largest training value; NaN in a model that does not tell it.
        max: f64,
        /// From its units to those descended in.
        scaling: ColumnScaling,
    },
    /// true = 1, false = 0, treated as a number.
    Boolean {
        /// The share of `true` among the training records.
        mean: f64,
        /// From 0 and 1 to the units descended in.
        scaling: ColumnScaling,
    },
    /// A category with one weight for each level.
    Category {
        /// The levels, sorted by their bytes, those of dates by the calendar; level k is code k.
        levels: Vec<String>,
        /// Training records of each level, shape (levels,).
        counts: Vec<u64>,
        /// Σv of the training records of each level, shape (levels,); empty where each counts once.
        weight_sums: Vec<f64>,
        /// Whether rare levels are pooled.
        pooled: Option<Pooled>,
    },
    /// A category whose values are hashed into buckets, with one weight for each bucket that occurs in training.
    Hashed {
        /// The buckets that occur, in ascending order; each is the code of its place.
        buckets: BucketSet,
        /// Training records of each of them, shape (buckets,).
        counts: Vec<u64>,
        /// Σv of the training records of each of them, shape (buckets,); empty where each counts once.
        weight_sums: Vec<f64>,
    },
    /// Many numbers, most of them 0, known by their indices.
    Sparse {
        /// The index that counting begins with: 0 or 1.
        first_index: u32,
        /// Those that occur in the training data, by ascending index.
        features: Vec<SparseFeature>,
    },
}

/// How rare levels of a category were pooled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pooled {
    /// Levels with fewer training records than this are the level [`RARE_LEVEL`], and so are levels that did not occur.
    pub min_count: u64,
    /// How many levels that occurred are in it; if none, a level that did not occur is none of the levels.
    pub n_levels: u64,
}

/// The code of a text among levels that are sorted by their bytes; where rare ones are pooled, that of their pool if it is none of them.
pub fn code_among(levels: &[String], pooled: bool, text: &str) -> u32 {
    let code = |text: &str| levels.binary_search_by(|known| known.as_bytes().cmp(text.as_bytes())).ok();
    code(text).or_else(|| if pooled { code(RARE_LEVEL) } else { None }).map_or(NO_LEVEL, |k| k as u32)
}

/// One of many sparse numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SparseFeature {
    /// Its index, as it is written in files.
    pub index: u32,
    /// The mean over the training records, zeros counted.
    pub mean: f64,
    /// From its units to those descended in.
    pub scaling: ColumnScaling,
}

/// What is expected where a model has a truth value.
pub const TRUTH: &str = "true or false, or 1 or 0";

/// Whether a number may stand for a truth value: 1 and 0 may.
pub fn is_truth_number(number: f64) -> bool {
    number == 0.0 || number == 1.0
}

impl Feature {
    /// A column as it is.
    pub fn new(column: &str, kind: FeatureKind) -> Self {
        Self { name: column.to_owned(), origin: Origin::Column, kind, hidden: None }
    }

    /// A part of the dates in a column.
    pub fn of_date(column: &str, format: &DateFormat, part: DatePart, kind: FeatureKind) -> Self {
        let origin = Origin::Date { column: column.to_owned(), format: format.clone(), part };
        Self { name: format!("{column}: {}", part.name()), origin, kind, hidden: None }
    }

    /// What says whether the value of a column is missing.
    pub fn of_missing(column: &str, kind: FeatureKind) -> Self {
        let origin = Origin::Missing { column: column.to_owned() };
        Self { name: format!("{column}: missing"), origin, kind, hidden: None }
    }

    /// A product.
    pub fn of_product(factors: Vec<Factor>, kind: FeatureKind) -> Self {
        Self { name: product_text(&factors), origin: Origin::Product(factors), kind, hidden: None }
    }

    /// The pairs of the levels of two categories.
    pub fn of_pair(columns: [&str; 2], kind: FeatureKind) -> Self {
        Self { name: columns.join(":"), origin: Origin::Pair(columns.map(str::to_owned)), kind, hidden: None }
    }

    /// The same where the levels are hashes.
    pub(crate) fn hidden_by(self, salt: Salt) -> Self {
        Self { hidden: Some(salt), ..self }
    }

    /// The same with another kind.
    pub(crate) fn with_kind(self, kind: FeatureKind) -> Self {
        Self { kind, ..self }
    }

    /// Whether its levels are hashes.
    pub fn is_hidden(&self) -> bool {
        self.hidden.is_some()
    }

    /// The code of a text among the levels.
    fn code_of_level(&self, levels: &[String], pooled: bool, text: &str) -> u32 {
        match self.hidden {
            Some(salt) if !is_own_name(text) => code_among(levels, pooled, salt.level(&self.name, text).as_str()),
            _ => code_among(levels, pooled, text),
        }
    }

    /// The column that the values are taken from, or the first of them.
    pub fn column(&self) -> &str {
        match &self.origin {
            Origin::Column => &self.name,
            Origin::Date { column, .. } | Origin::Missing { column } => column,
            Origin::Product(factors) => factors.first().map_or("", Factor::column),
            Origin::Pair([first, _]) => first,
        }
    }

    /// Whether it is made of other features.
    pub fn is_combined(&self) -> bool {
        matches!(self.origin, Origin::Product(_) | Origin::Pair(_))
    }

    /// How dates are written in the column, and which part of them counts; `None` for other columns.
    pub fn date(&self) -> Option<(&DateFormat, DatePart)> {
        match &self.origin {
            Origin::Column | Origin::Missing { .. } | Origin::Product(_) | Origin::Pair(_) => None,
            Origin::Date { format, part, .. } => Some((format, *part)),
        }
    }

    /// Whether it says if a value is missing.
    pub fn is_flag(&self) -> bool {
        matches!(self.origin, Origin::Missing { .. })
    }

    /// How rare levels were pooled.
    pub fn pooled(&self) -> Option<Pooled> {
        match &self.kind {
            FeatureKind::Category { pooled, .. } => *pooled,
            _ => None,
        }
    }

    /// Whether a text is no level that has a weight of its own, or its bucket did not occur.
    pub fn is_unseen(&self, text: &str) -> bool {
        match &self.kind {
            FeatureKind::Category { levels, .. } => self.code_of_level(levels, false, text) == NO_LEVEL,
            _ => self.code(text) == NO_LEVEL,
        }
    }

    /// The code of what is missing: that of its level where the rule gives it one, and [`NO_LEVEL`] otherwise.
    pub fn code_of_missing(&self, rule: MissingRule) -> u32 {
        match (&self.kind, &self.origin) {
            (FeatureKind::Category { .. }, Origin::Column) if rule.has_level() => self.code(MISSING_LEVEL),
            _ => NO_LEVEL,
        }
    }

    /// The scaling; `None` for a category, hashed or not, and for sparse numbers, which have one each.
    pub fn scaling(&self) -> Option<ColumnScaling> {
        match &self.kind {
            FeatureKind::Number { scaling, .. } | FeatureKind::Boolean { scaling, .. } => Some(*scaling),
            FeatureKind::Category { .. } | FeatureKind::Hashed { .. } | FeatureKind::Sparse { .. } => None,
        }
    }

    /// The sparse numbers; nothing for others.
    pub fn sparse(&self) -> &[SparseFeature] {
        match &self.kind {
            FeatureKind::Sparse { features, .. } => features,
            _ => &[],
        }
    }

    /// How many inputs of the network belong to the column.
    pub fn n_inputs(&self) -> usize {
        match &self.kind {
            FeatureKind::Category { levels, .. } => levels.len(),
            FeatureKind::Hashed { buckets, .. } => buckets.len(),
            FeatureKind::Sparse { features, .. } => features.len(),
            _ => 1,
        }
    }

    /// Whether the column has a code for each record: a category, hashed or not.
    pub fn is_category(&self) -> bool {
        matches!(self.kind, FeatureKind::Category { .. } | FeatureKind::Hashed { .. })
    }

    /// The code of a level, or of the bucket of a text. A text that is no level is in the pool of rare ones if there is one; [`NO_LEVEL`] if there is
    /// none, and where a bucket did not occur.
    pub fn code(&self, level: &str) -> u32 {
        match &self.kind {
            FeatureKind::Hashed { .. } => self.code_of_hash(hash_text(level)),
            FeatureKind::Category { levels, pooled, .. } => self.code_of_level(levels, pooled.is_some(), level),
            _ => NO_LEVEL,
        }
    }

    /// The code of a date, in seconds as [`DateFormat::parse`] gives them; [`NO_LEVEL`] where its level did not occur, and for other columns.
    pub fn code_of_date(&self, seconds: f64) -> u32 {
        let Some((_, part)) = self.date() else { return NO_LEVEL };
        let Some(level) = part.level(seconds) else { return NO_LEVEL };
        match &self.kind {
            FeatureKind::Category { levels, .. } => {
                let place = levels.iter().position(|name| part.is_level_named(level, name));
                place.map_or(NO_LEVEL, |code| code as u32)
            }
            _ => NO_LEVEL,
        }
    }

    /// The code of the bucket of a hash; [`NO_LEVEL`] where it did not occur, and for other columns than hashed ones.
    pub(crate) fn code_of_hash(&self, hash: u64) -> u32 {
        match &self.kind {
            FeatureKind::Hashed { buckets, .. } => buckets.place_of_hash(hash).unwrap_or(NO_LEVEL),
            _ => NO_LEVEL,
        }
    }

    /// `number`, `boolean`, `category`, `hashed` or `sparse`.
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            FeatureKind::Number { .. } => "number",
            FeatureKind::Boolean { .. } => "boolean",
            FeatureKind::Category { .. } => "category",
            FeatureKind::Hashed { .. } => "hashed",
            FeatureKind::Sparse { .. } => "sparse",
        }
    }
}

/// Everything between a table's columns and a network: names, types, levels, means, scales, classes, the missing rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoding {
    /// The feature columns, in the order of the network's inputs.
    pub features: Vec<Feature>,
    /// What the outputs stand for.
    pub target: Target,
    /// What becomes of a missing value.
    pub missing: MissingRule,
    /// How number columns are scaled.
    pub scale: ScaleRule,
}

impl Encoding {
    /// The shape of a table with these columns.
    pub fn shape(&self) -> Shape {
        let kinds = self.features.iter().map(|feature| match &feature.kind {
            FeatureKind::Category { levels, .. } => ColumnKind::Category { n_levels: levels.len() },
            FeatureKind::Hashed { buckets, .. } => ColumnKind::Category { n_levels: buckets.len() },
            FeatureKind::Sparse { features, .. } => ColumnKind::Sparse { n_columns: features.len() },
            _ => ColumnKind::Number,
        });
        Shape::new(kinds.collect(), self.target.n_outputs())
    }

    /// The scaling of every column.
    pub fn scaling(&self) -> Scaling {
        let columns = self.features.iter().map(|feature| feature.scaling().unwrap_or(ColumnScaling::NONE));
        let mut scaling = Scaling::from_columns(columns);
        for (index, feature) in self.features.iter().enumerate() {
            if let FeatureKind::Sparse { features, .. } = &feature.kind {
                scaling = scaling.with_sparse(index, features.iter().map(|feature| feature.scaling).collect());
            }
        }
        scaling
    }

    /// The columns that the features are made of, each once, in the order of the features.
    pub fn columns(&self) -> Vec<&str> {
        let mut columns: Vec<&str> = Vec::new();
        let of_columns = self.features.iter().filter(|feature| !feature.is_combined());
        for column in of_columns.map(Feature::column) {
            // What is made of one column stands together.
            if columns.last() != Some(&column) {
                columns.push(column);
            }
        }
        columns
    }

    /// Whether the features are sparse numbers, known by their indices.
    pub fn is_sparse(&self) -> bool {
        self.features.iter().any(|feature| matches!(feature.kind, FeatureKind::Sparse { .. }))
    }

    /// Whether a feature is hashed.
    pub fn has_hashed(&self) -> bool {
        self.features.iter().any(|feature| matches!(feature.kind, FeatureKind::Hashed { .. }))
    }

    /// A name for every one of the d inputs: the column's, `column=level`, `column#bucket`, or the index of a sparse number.
    pub fn input_names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for feature in &self.features {
            match &feature.kind {
                FeatureKind::Category { levels, .. } => {
                    names.extend(levels.iter().map(|level| format!("{}={level}", feature.name)));
                }
                FeatureKind::Hashed { buckets, .. } => {
                    names.extend(buckets.iter().map(|bucket| format!("{}#{bucket}", feature.name)));
                }
                FeatureKind::Sparse { features, .. } => {
                    names.extend(features.iter().map(|feature| feature.index.to_string()));
                }
                _ => names.push(feature.name.clone()),
            }
        }
        names
    }
}
