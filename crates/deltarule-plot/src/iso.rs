//! Where a surface on a grid is above a level: closed lines, by marching squares.

use std::collections::HashMap;

/// The edge of a cell: from node (i, j) to the right (0) or up (1).
type Edge = (usize, usize, u8);

/// A surface at the crossings of lines: of `xs[i]` and `ys[j]` the value is `values[i·ys.len() + j]`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grid<'a> {
    pub(crate) xs: &'a [f64],
    pub(crate) ys: &'a [f64],
    pub(crate) values: &'a [f64],
}

impl Grid<'_> {
    /// The edges of all regions in which the surface is at least `level`, each as a closed line with the region on its left; the edge of the grid closes them.
    ///
    /// Around the grid there is a ring of nodes at the places of the outermost ones, below every level. Values that are not finite are above every level.
    /// Source: Lorensen, Cline 1987, in two dimensions; where two corners that face each other are above, the mean of all four decides.
    pub(crate) fn regions_above(&self, level: f64) -> Vec<Vec<(f64, f64)>> {
        let (nx, ny) = (self.xs.len(), self.ys.len());
        let mut next: HashMap<Edge, Edge> = HashMap::new();
        for i in 0..=nx {
            for j in 0..=ny {
                self.add_cell(i, j, level, &mut next);
            }
        }
        let mut starts: Vec<Edge> = next.keys().copied().collect();
        starts.sort_unstable();
        let mut regions = Vec::new();
        for start in starts {
            let mut line = Vec::new();
            let mut edge = start;
            while let Some(to) = next.remove(&edge) {
                let at = self.crossing(edge, level);
                if line.last() != Some(&at) {
                    line.push(at);
                }
                edge = to;
            }
            if line.len() > 2 {
                regions.push(line);
            }
        }
        regions
    }

    /// The value at a node of the grid with its ring.
    fn value(&self, i: usize, j: usize) -> f64 {
        let (nx, ny) = (self.xs.len(), self.ys.len());
        if i == 0 || j == 0 || i > nx || j > ny {
            return f64::NEG_INFINITY;
        }
        let value = self.values[(i - 1) * ny + j - 1];
        if value.is_finite() { value } else { f64::INFINITY }
    }

    fn node(&self, i: usize, j: usize) -> (f64, f64) {
        let at = |values: &[f64], k: usize| values[k.clamp(1, values.len()) - 1];
        (at(self.xs, i), at(self.ys, j))
    }

    /// Lines through the cell whose lower left node is (i, j), with what is above on their left.
    fn add_cell(&self, i: usize, j: usize, level: f64, next: &mut HashMap<Edge, Edge>) {
        let corners = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)];
        let values = corners.map(|(i, j)| self.value(i, j));
        let above = values.map(|value| value >= level);
        let case = above.iter().enumerate().map(|(k, above)| usize::from(*above) << k).sum::<usize>();
        let (bottom, right, top, left) = ((i, j, 0), (i + 1, j, 1), (i, j + 1, 0), (i, j, 1));
        let lines: &[(Edge, Edge)] = match case {
            1 => &[(bottom, left)],
            2 => &[(right, bottom)],
            3 => &[(right, left)],
            4 => &[(top, right)],
            6 => &[(top, bottom)],
            7 => &[(top, left)],
            8 => &[(left, top)],
            9 => &[(bottom, top)],
            11 => &[(right, top)],
            12 => &[(left, right)],
            13 => &[(bottom, right)],
            14 => &[(left, bottom)],
            5 | 10 => {
                let joined = values.iter().sum::<f64>() / 4.0 >= level;
                match (case, joined) {
                    (5, true) => &[(bottom, right), (top, left)],
                    (5, false) => &[(bottom, left), (top, right)],
                    (_, true) => &[(right, top), (left, bottom)],
                    (_, false) => &[(right, bottom), (left, top)],
                }
            }
            _ => &[],
        };
        next.extend(lines.iter().copied());
    }

    /// Where the level is crossed on an edge.
    fn crossing(&self, (i, j, direction): Edge, level: f64) -> (f64, f64) {
        let to = if direction == 0 { (i + 1, j) } else { (i, j + 1) };
        let (a, b) = (self.value(i, j), self.value(to.0, to.1));
        let (from, to) = (self.node(i, j), self.node(to.0, to.1));
        let share = match (a.is_finite(), b.is_finite()) {
            (true, true) => ((level - a) / (b - a)).clamp(0.0, 1.0),
            // At the ring both nodes are in one place; beside what is not finite, the last node that is.
            (true, false) => 0.0,
            (false, true) => 1.0,
            (false, false) => 0.5,
        };
        (from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(n: usize) -> Vec<f64> {
        (0..n).map(|k| -2.0 + 4.0 * k as f64 / (n - 1) as f64).collect()
    }

    fn surface(xs: &[f64], ys: &[f64], z: impl Fn(f64, f64) -> f64) -> Vec<f64> {
        xs.iter().flat_map(|&x| ys.iter().map(move |&y| (x, y))).map(|(x, y)| z(x, y)).collect()
    }

    /// The area within closed lines: what lies left of them counts.
    fn area(regions: &[Vec<(f64, f64)>]) -> f64 {
        let of = |line: &Vec<(f64, f64)>| -> f64 {
            let following = line.iter().cycle().skip(1);
            line.iter().zip(following).map(|(a, b)| 0.5 * (a.0 * b.1 - a.1 * b.0)).sum()
        };
        regions.iter().map(of).sum()
    }

    #[test]
    fn a_bowl_is_cut_in_circles() {
        let (xs, ys) = (line(81), line(81));
        let values = surface(&xs, &ys, |x, y| x * x + y * y);
        let grid = Grid { xs: &xs, ys: &ys, values: &values };
        let regions = grid.regions_above(1.0);
        assert_eq!(regions.len(), 2, "the frame and the circle");
        let circle = regions.iter().find(|line| line.iter().all(|(x, y)| x.hypot(*y) < 1.5)).unwrap();
        assert!(circle.iter().all(|(x, y)| (x.hypot(*y) - 1.0).abs() < 1e-3));
        assert!((area(&regions) - (16.0 - std::f64::consts::PI)).abs() < 0.01);
        assert!((area(&grid.regions_above(-1.0)) - 16.0).abs() < 1e-12, "all of it");
        assert!(grid.regions_above(9.0).is_empty(), "none of it");
    }

    #[test]
    fn every_line_is_closed_however_rough_the_surface() {
        let (xs, ys) = (line(23), line(17));
        let mut state = 7_u64;
        let values: Vec<f64> = (0..23 * 17)
            .map(|k| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                if k % 31 == 0 { f64::INFINITY } else { (state >> 40) as f64 / f64::from(1 << 24) }
            })
            .collect();
        let grid = Grid { xs: &xs, ys: &ys, values: &values };
        let mut last = f64::INFINITY;
        for level in [0.0, 0.2, 0.5, 0.8, 2.0] {
            let found = area(&grid.regions_above(level));
            assert!((0.0..=16.0 + 1e-9).contains(&found) && found <= last + 1e-9, "{level} {found}");
            last = found;
        }
    }
}
