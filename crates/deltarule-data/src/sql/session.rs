//! DataFusion, set up so that the same query over the same files gives the same records in the same order.

use std::sync::Arc;

use arrow_schema::SchemaRef;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::error::Result as Outcome;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::sql::parser::DFParser;
use futures::{StreamExt, TryStreamExt};

use super::failure::About;
use super::places::Place;
use super::{Query, check, tables};
use crate::error::Result;

/// The batches of a query.
///
/// Errors: it is none, or names what is not there; a table cannot be read.
pub(super) async fn run(query: &Query, about: &About) -> Result<(SendableRecordBatchStream, Vec<Place>)> {
    let failed = |error| about.error(error);
    let context = context(query.memory).map_err(failed)?;
    let statement = check::the_query(DFParser::parse_sql(&query.sql).map_err(failed)?)?;
    let places = tables::register(&context, query, &statement, about).await?;
    let plan = context.state().statement_to_plan(statement).await.map_err(failed)?;
    check::the_plan(&plan, about)?;
    let frame = context.execute_logical_plan(plan).await.map_err(failed)?;
    let tasks = Arc::new(frame.task_ctx());
    let plan = in_order(frame.create_physical_plan().await.map_err(failed)?).map_err(failed)?;
    Ok((InOrder::of(plan).execute(tasks), places))
}

/// One partition throughout: with several, which of them is first decides the order of groups, of equal records in a sort, and of the terms of a sum,
/// and differs from run to run. Names are as they are written, as everywhere in deltarule, and not in lower case.
fn context(memory: usize) -> Outcome<SessionContext> {
    let mut config = SessionConfig::new().with_target_partitions(1).with_information_schema(false);
    let options = config.options_mut();
    options.sql_parser.enable_ident_normalization = false;
    options.sql_parser.collect_spans = true;
    // A part of a union is a partition even so: sort all of them as one, and not each by itself.
    options.optimizer.repartition_sorts = false;
    // What a sort holds back to merge its files must leave room for the sort itself.
    options.execution.sort_spill_reservation_bytes = options.execution.sort_spill_reservation_bytes.min(memory / 8);
    let runtime = RuntimeEnvBuilder::new().with_memory_limit(memory, 1.0).build_arc()?;
    Ok(SessionContext::new_with_config_rt(config, runtime))
}

/// The plan in which partitions, which UNION ALL makes, come one after the other and not as they are ready.
fn in_order(plan: Arc<dyn ExecutionPlan>) -> Outcome<Arc<dyn ExecutionPlan>> {
    let rewritten = plan.transform_up(|part| {
        let Some(merge) = part.downcast_ref::<CoalescePartitionsExec>() else { return Ok(Transformed::no(part)) };
        let (whole, limit) = (InOrder::of(Arc::clone(merge.input())), merge.fetch());
        let schema = Arc::clone(&whole.schema);
        let plan = StreamingTableExec::try_new(schema, vec![Arc::new(whole)], None, [], false, limit)?;
        Ok(Transformed::yes(Arc::new(plan) as Arc<dyn ExecutionPlan>))
    });
    rewritten.data()
}

/// The partitions of a plan, one after the other.
#[derive(Debug)]
struct InOrder {
    plan: Arc<dyn ExecutionPlan>,
    schema: SchemaRef,
}

impl InOrder {
    fn of(plan: Arc<dyn ExecutionPlan>) -> Self {
        let schema = plan.schema();
        Self { plan, schema }
    }
}

impl PartitionStream for InOrder {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, tasks: Arc<TaskContext>) -> SendableRecordBatchStream {
        let plan = Arc::clone(&self.plan);
        let partitions = 0..plan.output_partitioning().partition_count();
        let batches =
            futures::stream::iter(partitions).map(move |one| plan.execute(one, Arc::clone(&tasks))).try_flatten();
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), batches))
    }
}
