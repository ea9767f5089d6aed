"""SageMaker on a laptop: jobs that really train and transform, and the model registry, behind the service's own API.

``python -m airflow_sagemaker_automl.emulator`` serves S3, STS, IAM and SageMaker on loopback.
It extends moto's server and replaces the operations that moto only mocks.
Tests control it over plain HTTP under ``/automl-emulator/``: ``scripts`` and ``faults``.
It shares no code with the rest of the package, so that a wrong assumption cannot be on both sides of a test.

=====================  ================================================================================================
``web_pages``          refuses requests that a web page may have made
``service``            the supported operations: ``OPERATIONS`` are the emulator's own, ``LEFT_TO_MOTO`` are moto's
                       records of experiments, and any other is ``UnknownOperationException``
``contract``           checks requests and answers against botocore's service model
``admission``          the rules across the members of a job's request
``roles``              refuses roles that SageMaker could not assume
``operations``         one module for each subject: AutoML jobs (V2 and V1), registry, hosting, transform jobs, tags,
                       search
``jobs``               an AutoML job's states, changed by ``supervisor`` with a ``trainer`` process, or by ``playback``
                       with a ``script``
``transforms``         transform jobs: ``transform_admission`` checks a request, ``transform_job`` has a job's states,
                       changed by ``transform_run`` with a process of ``inference``, or by ``transform_script``
``child_run``          what trainers and transform jobs have in common: place, process, stop and end
``places``             how many jobs run at the same time
``child``              starts processes: forked from one that has loaded AutoGluon
``script``             scripts: how a job proceeds without training; ``package_script``: the same for the completion of
                       a version
``faults``             injected faults, for example a quota of concurrent jobs; ``fault_switch`` keeps the current ones,
                       and ``fate`` applies them to one request
``documents``          reads scripts and faults strictly
``request_count``      counts the answers of each operation
``registry``           model packages and their groups; ``registration`` checks them, ``package_validation`` runs the
                       transform jobs that validate them
``hosting``            models, endpoint configurations, endpoints; ``archives``: the only ones that are loaded;
                       ``capture``: the data that endpoints capture
``large_objects``      S3 objects that are too large to be copied in memory
=====================  ================================================================================================
"""
