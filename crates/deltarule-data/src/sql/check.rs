//! What a query must be: one statement that reads, gives the same records each time, and names every column of its result.

use std::collections::VecDeque;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::execution::context::SQLOptions;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Expr, SelectItem, SetExpr, Statement as Sql};

use super::failure::About;
use crate::error::{DataError, Result};

const ONE_QUERY: &str = "expected one query that reads, as in --sql \"SELECT x, y FROM data WHERE x > 0\"";

fn refused(reason: impl Into<String>, advice: &str) -> DataError {
    DataError::Query { reason: reason.into(), advice: advice.to_owned() }
}

/// The one statement, which is a query.
///
/// Errors: there is none, or another; it is one that writes; a column of the result has no name.
pub(super) fn the_query(mut statements: VecDeque<Statement>) -> Result<Statement> {
    let n = statements.len();
    let statement = match (statements.pop_front(), n) {
        (Some(only), 1) => only,
        (Some(_), n) => return Err(refused(format!("found {n} statements"), ONE_QUERY)),
        (None, _) => return Err(refused("found no statement", ONE_QUERY)),
    };
    let Statement::Statement(sql) = &statement else { return Err(no_query(&statement)) };
    let Sql::Query(query) = &**sql else { return Err(no_query(&statement)) };
    match unnamed(&query.body) {
        Some(expression) => Err(refused(
            format!("the column {expression} of the result has no name"),
            &format!("give it one, which is then that of a feature: {expression} AS name"),
        )),
        None => Ok(statement),
    }
}

fn no_query(statement: &Statement) -> DataError {
    let text = statement.to_string();
    let verb = text.split_whitespace().next().unwrap_or_default().to_owned();
    refused(
        format!("found a statement that begins with {verb}"),
        &format!("{ONE_QUERY}; nothing is written or changed"),
    )
}

/// The first column of a result that is computed and not named.
fn unnamed(body: &SetExpr) -> Option<&Expr> {
    match body {
        SetExpr::Select(select) => select.projection.iter().find_map(|item| match item {
            SelectItem::UnnamedExpr(Expr::Identifier(_) | Expr::CompoundIdentifier(_)) => None,
            SelectItem::UnnamedExpr(expression) => Some(expression),
            _ => None,
        }),
        // The names are those of the first part.
        SetExpr::SetOperation { left, .. } => unnamed(left),
        SetExpr::Query(query) => unnamed(&query.body),
        _ => None,
    }
}

/// Errors: the plan writes, or gives other records each time.
pub(super) fn the_plan(plan: &LogicalPlan, about: &About) -> Result<()> {
    let reads_only = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    if reads_only.verify_plan(plan).is_err() {
        return Err(refused("found a part that writes", &format!("{ONE_QUERY}; nothing is written or changed")));
    }
    let mut volatile = None;
    let looked = plan.apply_with_subqueries(|part| {
        part.apply_expressions(|expression| {
            if volatile.is_none() && expression.is_volatile() {
                volatile = Some(expression.to_string());
            }
            Ok(TreeNodeRecursion::Continue)
        })
    });
    looked.map_err(|error| about.error(error))?;
    match volatile {
        Some(expression) => Err(refused(
            format!("{expression} gives something else each time"),
            "expected a query that gives the same records whenever it runs; --valid and --seed draw records",
        )),
        None => Ok(()),
    }
}
