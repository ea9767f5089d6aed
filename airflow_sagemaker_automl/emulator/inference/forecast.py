"""A forecast model in a transform job: it forecasts the horizon after the past that it is given.

The input has the columns of the training data with a header line, as AWS documents:
https://docs.aws.amazon.com/sagemaker/latest/dg/timeseries-forecasting-deploy-models.html
The columns of the answer are an assumption.
"""

from __future__ import annotations

import io
import pickle
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_sagemaker_automl.emulator.inference.messages import CSV, Refusal
from airflow_sagemaker_automl.emulator.inference.model_data import download
from airflow_sagemaker_automl.emulator.trainer.backtest import FEWEST_STEPS
from airflow_sagemaker_automl.emulator.trainer.csv_tables import read_csv
from airflow_sagemaker_automl.emulator.trainer.errors import UnusableData
from airflow_sagemaker_automl.emulator.trainer.history import history_of, key_columns, named_columns, require_keys
from airflow_sagemaker_automl.emulator.trainer.time_series import CannotFit, ForecastModel

if TYPE_CHECKING:
    import pandas as pd

    from airflow_sagemaker_automl.emulator.trainer.history import History
    from airflow_sagemaker_automl.emulator.trainer.storage import Storage

# Each is fitted anew, which takes up to a second.
_MOST_SERIES = 5000
_MOST_NAMED = 5


@dataclass(frozen=True)
class ForecastChain:
    """A loaded forecast model.

    :param model: its algorithm is fitted to the past that it is given; what was fitted in training is not used.
    """

    model: ForecastModel

    @classmethod
    def load(
        cls, storage: Storage, containers: Sequence[Mapping[str, Any]], digests: Sequence[str | None], folder: Path
    ) -> ForecastChain:
        """Download and load a model.

        :raises UnusableData: the archive cannot be read, or is not the one that a trainer has written.
        """
        download(storage, containers[0], digests[0], folder)
        # The archive's digest proves that this emulator's own trainers wrote it.
        return cls(pickle.loads((folder / "model.pkl").read_bytes()))  # noqa: S301

    def answered(self, body: str, content_type: str, accept: str) -> tuple[str, str]:
        """Forecast the series of an invocation.

        :return: the answer's body and content type: keys, timestamp, quantiles and mean, with a header line.
        :raises Refusal: a series cannot be forecast.
        """
        if content_type.partition(";")[0].strip().lower() != CSV:
            raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"The content type {content_type!r} is not {CSV}.")
        if accept.partition(";")[0].strip().lower() not in (CSV, "", "*/*"):
            raise Refusal(HTTPStatus.NOT_ACCEPTABLE, f"The answer cannot be {accept!r}; {CSV} is supported.")
        try:
            history = history_of(self._table(body), self.model.config)
            self._require_forecastable(history)
            forecast = self.model.forecast_after(history)
        except (UnusableData, ValueError) as error:
            raise Refusal(HTTPStatus.BAD_REQUEST, str(error)) from error
        except CannotFit as error:
            traceback.print_exc()
            message = f"{self.model.algorithm} cannot be fitted to the series {self._named(error.key)}."
            raise Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, message) from error
        quantiles = [f"p{percentile}" for percentile in self.model.percentiles]
        ordered = forecast[[*self.model.key_columns, self.model.timestamp, *quantiles, "mean"]]
        return ordered.to_csv(index=False), f"{CSV}; charset=utf-8"

    def _table(self, body: str) -> pd.DataFrame:
        keys, named = key_columns(self.model.config), named_columns(self.model.config)
        try:
            table = read_csv(io.BytesIO(body.encode()), "The body", keys).table
        except ValueError as error:
            raise UnusableData(f"The body cannot be read as CSV with a header line: {error}.") from error
        missing = [name for name in named if name not in table.columns]
        if missing:
            raise UnusableData(
                f"The body has no columns {', '.join(missing)}; it must have the columns of the training data, with a "
                f"header line. Its columns are {', '.join(map(str, table.columns))}."
            )
        if table.empty:
            raise UnusableData("The body has no rows.")
        require_keys(table, keys)
        return table

    def _require_forecastable(self, history: History) -> None:
        if len(history.series) > _MOST_SERIES:
            raise UnusableData(
                f"The body has {len(history.series)} series; the emulator forecasts at most {_MOST_SERIES}."
            )
        short = [series for series in history.series if len(series.values) < FEWEST_STEPS]
        if short:
            shown = "; ".join(f"{self._named(one.key)} has {len(one.values)}" for one in short[:_MOST_NAMED])
            more = f"; {len(short) - _MOST_NAMED} more" if len(short) > _MOST_NAMED else ""
            raise UnusableData(
                f"{len(short)} of {len(history.series)} series have fewer than the {FEWEST_STEPS} time-steps that a "
                f"forecast needs: {shown}{more}."
            )

    def _named(self, key: Sequence[str]) -> str:
        return ", ".join(f"{name}={value}" for name, value in zip(self.model.key_columns, key, strict=True))
