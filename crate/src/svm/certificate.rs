//! The proof that a solution is optimal.

use serde::Serialize;

/// The values of the primal and the dual problem. The optimum of both lies between them, whatever algorithm found
/// them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Certificate {
    /// The objective: penalty plus mean loss.
    pub objective: f64,
    /// The value of the dual, a lower bound of the optimum.
    pub dual: f64,
}

impl Certificate {
    /// The relative duality gap `(objective - dual) / |objective|`: the objective exceeds the optimum by this
    /// fraction at most.
    pub fn gap(&self) -> f64 {
        (self.objective - self.dual) / self.objective.abs().max(f64::MIN_POSITIVE)
    }
}
