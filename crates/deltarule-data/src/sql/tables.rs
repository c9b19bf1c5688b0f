//! The tables of a query: Parquet is read by DataFusion, which skips what is not asked for; all else by our own readers ([`rows`](super::rows)).

use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::TableReference;
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::Result as Outcome;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement;
use object_store::ObjectMeta;

use super::Query;
use super::failure::About;
use super::places::{Place, Places};
use super::rows::RowFiles;
use crate::error::{DataError, Result};
use crate::order::order;

/// Makes known to DataFusion the tables that a query names, and gives what they are made of.
///
/// Errors: a file or an object cannot be read, or files of one table have other columns; a table that was given is not named.
pub(super) async fn register(
    context: &SessionContext,
    query: &Query,
    statement: &Statement,
    about: &About,
) -> Result<Vec<Place>> {
    let named = context.state().resolve_table_references(statement).map_err(|error| about.error(error))?;
    let names: Vec<&str> = named.iter().filter(|name| name.schema().is_none()).map(TableReference::table).collect();
    if let Some(table) = query.tables.iter().find(|table| !names.contains(&table.name.as_str())) {
        return Err(DataError::Query {
            reason: format!("the query does not name the table {}", table.name),
            advice: format!(
                "expected it after FROM or JOIN, as in SELECT * FROM {}; leave out what is not needed",
                table.name
            ),
        });
    }
    let (mut places, mut all) = (Places::default(), Vec::new());
    for name in names {
        let Some(of_table) = query.places_of(name) else { continue };
        let found = places.find(context, &of_table).await?;
        let table = table(context, query, &found, about).await?;
        context.register_table(TableReference::bare(name), table).map_err(|error| about.error(error))?;
        all.extend(found);
    }
    Ok(all)
}

async fn table(
    context: &SessionContext,
    query: &Query,
    places: &[Place],
    about: &About,
) -> Result<Arc<dyn TableProvider>> {
    let mut is_parquet = true;
    for place in places {
        is_parquet &= place.start().await?.starts_with(b"PAR1");
    }
    let first = places.first().map(|place| place.store_url.clone());
    if let Some(store) = first.filter(|store| is_parquet && places.iter().all(|place| place.store_url == *store)) {
        return Ok(Arc::new(Parquet::open(context, store, places, about).await?));
    }
    let files = RowFiles::open(places, &query.csv, query.interrupted).await?;
    let schema = Arc::clone(files.schema());
    let table = StreamingTable::try_new(schema, vec![Arc::new(files)]).map_err(|error| about.error(error))?;
    Ok(Arc::new(table))
}

/// The columns of several files: those of the first, in its order, of types that hold the values of all.
///
/// Errors: a file has other columns; the types of a column have nothing in common.
pub(super) fn common(files: &[(String, SchemaRef)]) -> Result<SchemaRef> {
    let Some(((first_name, first), others)) = files.split_first() else { return Ok(Arc::new(Schema::empty())) };
    let names = |schema: &Schema| schema.fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>();
    let expected = names(first);
    let mut types: Vec<DataType> = first.fields().iter().map(|field| field.data_type().clone()).collect();
    for (name, schema) in others {
        let found = names(schema);
        let places = order((first_name, &expected), (name, &found), crate::format::FileFormat::Batches)?;
        for (column, known) in types.iter_mut().enumerate() {
            let other = schema.field(places.as_ref().map_or(column, |places| places[column])).data_type();
            *known = both(known, other).ok_or_else(|| DataError::Place {
                name: name.clone(),
                reason: format!(
                    "the column {:?} is of type {other}, and in {first_name} it is {known}",
                    expected[column]
                ),
                advice:
                    "expected the same in all files of a table; give them names of their own with --table, and CAST one"
                        .to_owned(),
            })?;
        }
    }
    let fields = expected.into_iter().zip(types).map(|(name, of_type)| Field::new(name, of_type, true));
    Ok(Arc::new(Schema::new(fields.collect::<Vec<_>>())))
}

/// A type that holds the values of both.
fn both(one: &DataType, other: &DataType) -> Option<DataType> {
    let is_text = |of_type: &DataType| matches!(of_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    match (one, other) {
        (one, other) if one == other => Some(one.clone()),
        (DataType::Null, known) | (known, DataType::Null) => Some(known.clone()),
        (one, other) if one.is_numeric() && other.is_numeric() => Some(DataType::Float64),
        (one, other) if is_text(one) || is_text(other) => Some(DataType::Utf8),
        _ => None,
    }
}

/// Parquet files in one store, read one after the other.
#[derive(Debug)]
struct Parquet {
    schema: SchemaRef,
    store: ObjectStoreUrl,
    files: Vec<ObjectMeta>,
}

impl Parquet {
    async fn open(context: &SessionContext, store: ObjectStoreUrl, places: &[Place], about: &About) -> Result<Self> {
        let mut schemas = Vec::with_capacity(places.len());
        for place in places {
            let one = std::slice::from_ref(&place.meta);
            let schema = ParquetFormat::default().infer_schema(&context.state(), &place.store, one).await;
            schemas.push((place.name.clone(), schema.map_err(|error| about.error_in(&place.name, error))?));
        }
        let files = places.iter().map(|place| place.meta.clone()).collect();
        Ok(Self { schema: common(&schemas)?, store, files })
    }
}

#[async_trait]
impl TableProvider for Parquet {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Outcome<Arc<dyn ExecutionPlan>> {
        let format = ParquetFormat::default();
        let source = format.file_source(TableSchema::from(Arc::clone(&self.schema)));
        let files = self.files.iter().cloned().map(PartitionedFile::new_from_meta).collect();
        let scan = FileScanConfigBuilder::new(self.store.clone(), source)
            .with_file_group(FileGroup::new(files))
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .with_preserve_order(true)
            .build();
        format.create_physical_plan(state, scan).await
    }
}
